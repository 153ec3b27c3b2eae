public import AgentAPI
internal import Synchronization

/// The agent's API as asynchronous calls.
///
/// Does not start an agent: without one, calls throw `notListening`. Share it between tasks; it keeps several
/// connections for later calls. Cancelling a task ends its call at once and closes its connection.
public final class AgentClient: Sendable {
    public let path: SocketPath
    private let kept = Mutex<[AgentConnection]>([])
    /// Bounds the descriptors kept after a burst of calls.
    private static let mostKept = 8

    /// Connects to the agent at `path`, else to the one that this process's environment names.
    public init(_ path: SocketPath? = nil) throws(AgentClientError) {
        self.path = if let path { path } else { try SocketPath.resolve() }
    }

    /// Sends a request on a kept connection or on a new one.
    func ask<Reply: Decodable>(_ request: Request<Reply>) async throws(AgentClientError) -> Reply {
        try await Call<Reply>().perform { [self] call throws(AgentClientError) in try exchange(request, call) }
    }

    /// Opens a connection for a stream of events.
    func stream<Reader: EventReader>(
        _ request: Request<Reader.Event>, _ reader: Reader.Type
    ) async throws(AgentClientError) -> AgentStream<Reader.Event> {
        let path = path
        let connection = try await Call<AgentConnection>().perform { call throws(AgentClientError) in
            try Self.onNewConnection(to: path, request, call) { connection throws(AgentClientError) in
                try call.wait(for: connection.socket)
                try connection.begin(request)
                return connection
            }
        }
        return AgentStream(connection, reader)
    }

    private func exchange<Reply: Decodable>(
        _ request: Request<Reply>, _ call: Call<Reply>
    ) throws(AgentClientError) -> Reply {
        let deadline = Deadline(request.limit)
        if request.isRepeatable, let connection = takeKept() {
            do throws(AgentClientError) { return try exchange(request, on: connection, call, deadline) } catch .lost
                where !call.isCancelled
            {
                // The agent closed it or restarted: retry on a new connection.
            }
        }
        return try Self.onNewConnection(to: path, request, call) { connection throws(AgentClientError) in
            try exchange(request, on: connection, call, deadline)
        }
    }

    /// Uses a new connection. If its agent ends before it answers, as in an upgrade, a request that changes nothing is
    /// sent to the next one, once.
    private static func onNewConnection<Reply, Value, Result>(
        to path: SocketPath, _ request: Request<Reply>, _ call: Call<Value>,
        _ use: (AgentConnection) throws(AgentClientError) -> Result
    ) throws(AgentClientError) -> Result {
        let connection = try AgentConnection(to: path)
        do throws(AgentClientError) { return try use(connection) } catch {
            guard case .lost = error, connection.isUnanswered, request.isRepeatable, !call.isCancelled else {
                throw error
            }
        }
        return try use(try AgentConnection(to: path))
    }

    private func exchange<Reply: Decodable>(
        _ request: Request<Reply>, on connection: AgentConnection, _ call: Call<Reply>, _ deadline: Deadline
    ) throws(AgentClientError) -> Reply {
        try call.wait(for: connection.socket)
        do throws(AgentClientError) {
            let reply = try connection.ask(request, deadline)
            keep(connection)
            return reply
        } catch {
            if case .problem = error { keep(connection) }
            throw error
        }
    }

    private func takeKept() -> AgentConnection? {
        while let connection = kept.withLock({ $0.popLast() }) {
            if connection.isReusable { return connection }
        }
        return nil
    }

    private func keep(_ connection: AgentConnection) {
        guard connection.isReusable else { return }
        kept.withLock { if $0.count < Self.mostKept { $0.append(connection) } }
    }
}

extension AgentClient {
    /// Returns a fresh access token. Never starts a login: without one it throws the problem `login_required`.
    ///
    /// With `wait` in `asked`, the agent answers within that many seconds: with a token, or with the problem `timeout`
    /// while it continues to get one.
    public func token(
        for account: AccountName, _ asked: TokenRequest = TokenRequest()
    ) async throws(AgentClientError) -> TokenReply {
        try await ask(.token(account, asked))
    }

    /// Returns a fresh access token of the account whose file has the longest prefix of the URL. `username`: needed if
    /// several accounts share the prefix. Throws the problem `no_account_for_url` if there is none.
    public func token(
        forURL url: String, username: String? = nil, _ asked: TokenRequest = TokenRequest()
    ) async throws(AgentClientError) -> TokenReply {
        try await ask(.token(forURL: url, username: username, asked))
    }

    /// Waits for a token that expires later than `expiresAt`, in seconds since 1970, or one of a later login. `nil` if
    /// the wait ends without one; then ask again. Throws the problems of `token` at once, also while it waits.
    public func newerToken(
        for account: AccountName, than expiresAt: Int, _ asked: TokenRequest = TokenRequest()
    ) async throws(AgentClientError) -> TokenReply? {
        try await ask(.newerToken(of: account, than: expiresAt, asked)).token
    }

    /// Returns which account has a URL, and why.
    public func account(forURL url: String, username: String? = nil) async throws(AgentClientError) -> URLReply {
        try await ask(.account(forURL: url, username: username))
    }

    /// Reports a token that a service refused before its expiry. The agent refreshes it, unless it did so less than 60
    /// s ago; then `token` returns another one. Throws the problem `login_required` if only a login helps; the result
    /// `step_up` if the challenge in the rejection requires one with another authentication.
    public func rejectToken(
        of account: AccountName, _ rejection: TokenRejection = TokenRejection()
    ) async throws(AgentClientError) -> TokenRejectionReply {
        try await ask(.rejectToken(account, rejection))
    }

    /// Returns credentials of a role at AWS, which the agent requests with the login's token and keeps in memory. Those
    /// that end in 15 minutes are replaced first.
    public func awsCredentials(
        of account: AccountName, _ asked: AWSCredentialsRequest
    ) async throws(AgentClientError) -> AWSCredentialsReply {
        try await ask(.awsCredentials(account, asked))
    }

    /// Returns the state of the agent and of every account.
    public func status() async throws(AgentClientError) -> StatusReport { try await ask(.status) }

    public func status(of account: AccountName) async throws(AgentClientError) -> AccountStatus {
        try await ask(.status(of: account))
    }

    public func health() async throws(AgentClientError) -> AgentStatus { try await ask(.health()) }

    /// Returns the built-in providers.
    public func providers() async throws(AgentClientError) -> ProviderList { try await ask(.providers) }

    /// Runs all checks of the installation. Changes nothing.
    public func doctor() async throws(AgentClientError) -> DoctorReport { try await ask(.doctor) }

    /// Returns what the kernel enforces for the agent, and what its stores depend on, with grades.
    public func security() async throws(AgentClientError) -> SecurityReport { try await ask(.security) }

    /// Returns what a process may do with an account, whether or not that exists, and which rule decides.
    public func policy(on account: AccountName, of process: Int32) async throws(AgentClientError) -> PolicyReport {
        try await ask(.policyCheck(account, process: process))
    }

    /// Returns the requests that wait for a confirmation. For the agent's own user and root.
    public func approvals() async throws(AgentClientError) -> ApprovalList { try await ask(.approvals) }

    /// Approves or denies a request that waits for a confirmation; the problem `not_found` if it waits no longer.
    public func answerApproval(
        _ answer: ApprovalAnswer
    ) async throws(AgentClientError) -> ApprovalReply { try await ask(.answer(answer)) }

    /// Starts a login, or joins the pending one. The last event is `done` or `failed`; a caller that stops reading
    /// earlier does not cancel the login.
    public func login(
        _ account: AccountName, _ request: LoginRequest = LoginRequest()
    ) async throws(AgentClientError) -> AgentStream<LoginEvent> {
        try await stream(.login(account, request), LoginEventReader.self)
    }

    public func cancelLogin(of account: AccountName) async throws(AgentClientError) {
        _ = try await ask(.cancelLogin(account))
    }

    /// Gives the pending login the address at which the browser has ended, or its query. One that is not accepted leaves
    /// the login pending.
    public func answerLogin(
        of account: AccountName, _ response: LoginResponse
    ) async throws(AgentClientError) -> LoginResponseReply {
        try await ask(.answerLogin(account, response))
    }

    /// Revokes the login at the provider and forgets it; the reply reports what succeeded.
    public func logout(
        _ account: AccountName, _ options: LogoutRequest = LogoutRequest()
    ) async throws(AgentClientError) -> LogoutReply {
        try await ask(.logout(account, options))
    }

    /// Decodes a token, or the account's own. Without an account, the token's issuer selects one.
    public func inspect(
        _ account: AccountName?, _ asked: InspectRequest = InspectRequest()
    ) async throws(AgentClientError) -> InspectReply {
        try await ask(.inspect(account, asked))
    }

    public func stores() async throws(AgentClientError) -> StoreReport { try await ask(.stores) }

    /// Creates the sealed store, changes its key, or moves every account into another store.
    public func changeStore(_ change: StoreRequest) async throws(AgentClientError) -> StoreReply {
        try await ask(.changeStore(change))
    }

    /// Locks the agent: it drops every token from memory, and serves none until `unlock`.
    public func lock(_ options: LockRequest = LockRequest()) async throws(AgentClientError) {
        _ = try await ask(.lock(options))
    }

    public func unlock(_ options: UnlockRequest = UnlockRequest()) async throws(AgentClientError) {
        _ = try await ask(.unlock(options))
    }

    /// Returns the files of tokens that the agent keeps fresh.
    public func sinks() async throws(AgentClientError) -> SinkList { try await ask(.sinks) }

    /// Has the agent keep a fresh token in a file, from now on and after restarts.
    public func addSink(_ sink: SinkRequest) async throws(AgentClientError) -> SinkStatus {
        try await ask(.addSink(sink))
    }

    public func removeSink(at path: String) async throws(AgentClientError) -> SinkRemoval {
        try await ask(.removeSink(at: path))
    }

    /// Reloads the agent's configuration: all of it, or on an error nothing.
    public func reload() async throws(AgentClientError) { _ = try await ask(.reload) }

    /// Streams live events, after those since the event with this id if there is one. The agent ends the stream of a
    /// slow reader, and when it exits; continue from the last event's id.
    public func events(after id: EventID? = nil) async throws(AgentClientError) -> AgentStream<AgentEvent> {
        try await stream(.events(after: id), AgentEventReader.self)
    }
}
