package import AgentAPI

/// One API request: what is sent, the reply type, and the time limit.
package struct Request<Reply: Sendable>: Sendable {
    package var plain: PlainRequest
    package var limit: Duration = .seconds(10)

    package init(_ method: String, _ path: String) { plain = PlainRequest(method, path) }

    /// Whether it may be sent again if its connection ends before the answer (RFC 9110 §9.2.2).
    package var isRepeatable: Bool { plain.method == "GET" }
}

/// The API's requests. Their time limits are slightly longer than the agent's own.
extension Request where Reply == TokenReply {
    package static func token(_ account: AccountName, _ asked: TokenRequest) -> Self {
        token(Resource.token.path(of: account) + "?" + asked.query, asked)
    }

    /// For the token of the account that has a URL.
    package static func token(forURL url: String, username: String? = nil, _ asked: TokenRequest) -> Self {
        token("\(Resource.urlToken.path)?\(URLReply.query(of: url, username: username))&\(asked.query)", asked)
    }

    private static func token(_ path: String, _ asked: TokenRequest) -> Self {
        var request = Self("GET", path)
        // The agent's own limit, plus a margin for a machine under load.
        request.limit = (asked.wait.map { .seconds($0) } ?? Limits.answerTime) + .seconds(5)
        return request
    }
}

extension Request where Reply == URLReply {
    package static func account(forURL url: String, username: String? = nil) -> Self {
        var request = Self("GET", "\(Resource.url.path)?\(URLReply.query(of: url, username: username))")
        // The agent may have to hash a large program for its rules.
        request.limit = .seconds(30)
        return request
    }
}

extension Request where Reply == TokenRejectionReply {
    package static func rejectToken(_ account: AccountName, _ rejection: TokenRejection) -> Self {
        post(Resource.tokenRejected.path(of: account), rejection, within: Limits.answerTime + .seconds(5))
    }
}

extension Request where Reply == AWSCredentialsReply {
    package static func awsCredentials(_ account: AccountName, _ asked: AWSCredentialsRequest) -> Self {
        post(Resource.awsCredentials.path(of: account), asked, within: Limits.answerTime + .seconds(5))
    }
}

extension Request where Reply == AgentStatus {
    package static func health(within limit: Duration = .seconds(10)) -> Self {
        var request = Self("GET", Resource.health.path)
        request.limit = limit
        return request
    }
}

extension Request where Reply == StatusReport {
    package static var status: Self { Self("GET", Resource.accounts.path) }
}

extension Request where Reply == AccountStatus {
    /// A request of its own, so that an unknown account is an error instead of an empty list. The agent may read its
    /// store first.
    package static func status(of account: AccountName) -> Self {
        var request = Self("GET", Resource.account.path(of: account))
        request.limit = Limits.answerTime + .seconds(5)
        return request
    }
}

extension Request where Reply == ProviderList {
    package static var providers: Self { Self("GET", Resource.providers.path) }
}

extension Request where Reply == DoctorReport {
    package static var doctor: Self {
        var request = Self("GET", Resource.doctor.path)
        // Longer than the agent's limit for all its checks.
        request.limit = .seconds(12)
        return request
    }
}

extension Request where Reply == SecurityReport {
    package static var security: Self {
        var request = Self("GET", Resource.security.path)
        // Longer than the agent's limit for a file system that hangs.
        request.limit = .seconds(12)
        return request
    }
}

extension Request where Reply == PolicyReport {
    package static func policyCheck(_ account: AccountName, process: Int32) -> Self {
        var request = Self(
            "GET", "\(Resource.policyCheck.path)?account=\(TokenRequest.encoded(account.description))&pid=\(process)")
        // The agent may have to hash a large program.
        request.limit = .seconds(30)
        return request
    }
}

extension Request where Reply == ApprovalList {
    package static var approvals: Self { Self("GET", Resource.approvals.path) }
}

extension Request where Reply == ApprovalReply {
    package static func answer(_ answer: ApprovalAnswer) -> Self {
        post(Resource.approvals.path, answer, within: .seconds(10))
    }
}

extension Request where Reply == LogoutReply {
    package static func logout(_ account: AccountName, _ options: LogoutRequest) -> Self {
        // Discovery, revocation, the client's deletion and the keyring, each with its own limit.
        post(Resource.logout.path(of: account), options, within: .seconds(105))
    }
}

extension Request where Reply == InspectReply {
    package static func inspect(_ account: AccountName?, _ asked: InspectRequest) -> Self {
        // Discovery, keys, a refresh and introspection, each with its own limit.
        post(account.map(Resource.inspectAccount.path(of:)) ?? Resource.inspect.path, asked, within: .seconds(150))
    }
}

extension Request where Reply == StoreReport {
    package static var stores: Self { Self("GET", Resource.store.path) }
}

extension Request where Reply == StoreReply {
    package static func changeStore(_ change: StoreRequest) -> Self {
        // A migration accesses the keyring several times for each account, at most 5 s each; otherwise the passphrase
        // is derived, on a slow machine.
        post(Resource.store.path, change, within: change.operation == .migrate ? .seconds(600) : .seconds(60))
    }
}

extension Request where Reply == LockReply {
    package static func lock(_ options: LockRequest) -> Self { post(Resource.lock.path, options, within: .seconds(60)) }
}

extension Request where Reply == UnlockReply {
    package static func unlock(_ options: UnlockRequest) -> Self {
        // The longest delay after wrong passphrases is a minute; checking one takes a moment.
        post(Resource.unlock.path, options, within: .seconds(75))
    }
}

extension Request where Reply == SinkList {
    package static var sinks: Self { Self("GET", Resource.sinks.path) }
}

extension Request where Reply == SinkStatus {
    /// The agent waits for the first token, as long as a refresh may take.
    package static func addSink(_ sink: SinkRequest) -> Self { post(Resource.sinks.path, sink, within: .seconds(45)) }
}

extension Request where Reply == SinkRemoval {
    package static func removeSink(at path: String) -> Self {
        var request = Self("DELETE", "\(Resource.sinks.path)?path=\(TokenRequest.encoded(path))")
        request.limit = .seconds(20)
        return request
    }
}

package struct Reloaded: Codable, Sendable { let reloaded: Bool }

extension Request where Reply == Reloaded {
    package static var reload: Self {
        var request = Self("POST", Resource.reload.path)
        request.limit = .seconds(30)
        return request
    }
}

package struct LoginCancelled: Codable, Sendable { let cancelled: Bool }

extension Request where Reply == LoginCancelled {
    package static func cancelLogin(_ account: AccountName) -> Self { Self("DELETE", Resource.login.path(of: account)) }
}

extension Request where Reply == LoginEvent {
    /// The limit is for the first response; events may come at any time.
    package static func login(_ account: AccountName, _ asked: LoginRequest) -> Self {
        var request = post(Resource.login.path(of: account), asked, within: .seconds(30))
        request.plain.accept = LoginEvent.mediaType
        return request
    }
}

extension Request where Reply == AgentEvent {
    /// The limit is for the first response, as for `login`.
    package static func events(after id: EventID?) -> Self {
        var request = Self("GET", Resource.events.path)
        request.plain.accept = AgentEvent.mediaType
        if let id { request.plain.lastEventID = id.description }
        return request
    }
}

extension Request {
    private static func post(_ path: String, _ body: some Encodable, within limit: Duration) -> Self {
        var request = Self("POST", path)
        request.plain.body = APIJSON.encode(fixed: body)
        request.limit = limit
        return request
    }
}

extension Request where Reply == LoginResponseReply {
    package static func answerLogin(_ account: AccountName, _ response: LoginResponse) -> Self {
        post(Resource.loginResponse.path(of: account), response, within: Limits.answerTime)
    }
}
