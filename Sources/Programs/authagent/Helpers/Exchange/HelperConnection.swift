internal import AgentAPI
internal import AuthagentClient
internal import Formats

/// A helper's connection to the agent, which is started first if it is not running, as for `authagent token`.
struct HelperConnection {
    private let connection: AgentConnection

    init() throws(Failure) {
        do throws(AgentClientError) {
            connection = try AgentConnection(to: try AgentAddress.resolve())
        } catch .notListening {
            connection = try Self.started()
        } catch {
            throw Failure(error)
        }
    }

    /// Requests a token and lends the reply.
    func token(_ query: TokenQuery, _ use: (TokenAnswer) throws(Failure) -> Void) throws(Failure) {
        try reply(to: query.request) { json throws(Failure) in
            try use(try TokenAnswer(json, isIDToken: query.includesIDToken))
        }
    }

    /// Sends a request that changes nothing and lends the reply; throws the problem if the agent returns one instead.
    func reply(to request: borrowing RawBytes, _ use: (JSONView) throws(Failure) -> Void) throws(Failure) {
        // Not a `Result`, whose metadata would be built at run time.
        var failure: Failure?
        if try !Self.isAnswered(request, on: connection, use, &failure) {
            // The agent has just ended, as in an upgrade: the next one is asked, once.
            guard try Self.isAnswered(request, on: try Self.started(), use, &failure) else {
                throw Failure(AgentClientError.lost)
            }
        }
        if let failure { throw failure }
    }

    /// Sends a request and lends the reply; returns false if the agent ends before it answers.
    private static func isAnswered(
        _ request: borrowing RawBytes, on connection: AgentConnection, _ use: (JSONView) throws(Failure) -> Void,
        _ failure: inout Failure?
    ) throws(Failure) -> Bool {
        do throws(AgentClientError) { failure = try exchange(request, on: connection, use) } catch {
            guard case .lost = error, connection.isUnanswered else { throw Failure(error) }
            return false
        }
        return true
    }

    private static func exchange(
        _ request: borrowing RawBytes, on connection: AgentConnection, _ use: (JSONView) throws(Failure) -> Void
    ) throws(AgentClientError) -> Failure? {
        var failure: Failure?
        let deadline = Deadline(seconds: Limits.longestWait + 5)
        let head = try connection.send(request, deadline)
        let isLent = try connection.lendBody(of: head, deadline) { body in
            failure = Self.failure(of: head.status, body, use)
            return true
        }
        if !isLent {
            let body = try connection.readBody(of: head, deadline)
            failure = body.withUnsafeBufferPointer { Self.failure(of: head.status, $0, use) }
        }
        return failure
    }

    private static func failure(
        of status: Int, _ body: Bytes, _ use: (JSONView) throws(Failure) -> Void
    ) -> Failure? {
        guard let json = JSONView(body), json.isObject else { return Failure(AgentClientError.notUnderstood) }
        guard status == 200 else { return Failure(problem: json) }
        do throws(Failure) { try use(json) } catch { return error }
        return nil
    }

    /// Returns the account that has the URL.
    func account(of url: Bytes, username: Bytes? = nil) throws(Failure) -> AccountName {
        var account: AccountName?
        try match(of: url, username: username) { match in
            account = match["account"]?.text.flatMap { AccountName($0) }
        }
        guard let account else { throw Failure(AgentClientError.notUnderstood) }
        return account
    }

    /// Lends the agent's answer to the question which account has the URL.
    func match(
        of url: Bytes, username: Bytes? = nil, _ use: (JSONView) throws(Failure) -> Void
    ) throws(Failure) {
        var path = RawBytes(capacity: 512)
        path.append(literal: "/v1/url?url=")
        path.append(encoded: url)
        if let username {
            path.append(literal: "&username=")
            path.append(encoded: username)
        }
        try reply(to: path.withBytes(PlainRequest.get), use)
    }

    /// Sends a request whose reply is not part of a contract.
    func ask<Reply: Decodable>(_ request: Request<Reply>) throws(Failure) -> Reply {
        do throws(AgentClientError) { return try connection.ask(request) } catch { throw Failure(error) }
    }

    private static func started() throws(Failure) -> AgentConnection {
        do {
            return try AgentConnection.open(isSilent: true)
        } catch let failure as Failure {
            throw failure
        } catch let error as AgentClientError {
            throw Failure(error)
        } catch {
            throw Failure("cannot start the agent: \(error)", hint: "run 'authagent start'", code: .agentUnreachable)
        }
    }
}

extension Failure {
    /// The problem in an agent's reply (RFC 9457), also one whose code is newer than this client.
    init(problem: JSONView) {
        self.init(
            problem["detail"]?.text ?? "the agent refused the request", hint: problem["hint"]?.text,
            code: problem["code"]?.text.flatMap(Problem.Code.init)?.exitCode ?? .failed)
        problemCode = problem["code"]?.text ?? problemCode
        reason = problem["reason"]?.text
    }

    /// Whether the agent has no account for the URL, or none that the rules give to the caller, so that the tool may
    /// look elsewhere. An account that is not found because files contradict each other is one.
    var isNoAccount: Bool { isUnmapped && reason == nil }

    /// Whether no token is served for the URL, for whatever reason.
    var isUnmapped: Bool { problemCode == "no_account_for_url" }
}

extension JSONView {
    /// The characters of a string; `nil` for any other value.
    var text: String? {
        var bytes = RawBytes(capacity: source.count)
        return bytes.append(decoding: self) ? bytes.withBytes(\.text) : nil
    }
}
