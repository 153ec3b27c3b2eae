package import AgentAPI

/// What the API has, one function each. The limits are a little longer than the agent's own.
extension Request where Reply == TokenReply {
    package static func token(_ account: AccountName, _ asked: TokenRequest) -> Self {
        var request = Self("GET", Resource.token.path(of: account) + "?" + asked.query)
        // The agent answers by then, whatever its provider does; the rest is for a machine under load.
        request.limit = (asked.wait.map { .seconds($0) } ?? Limits.answerTime) + .seconds(5)
        return request
    }
}

extension Request where Reply == TokenRejectionReply {
    package static func rejectToken(_ account: AccountName, _ rejection: TokenRejection) -> Self {
        post(Resource.tokenRejected.path(of: account), rejection, within: Limits.answerTime + .seconds(5))
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
    /// By itself, so that an account that is not known is an error and not an empty list. Its store may be read first.
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
        // Longer than the agent's own limit for all its checks.
        request.limit = .seconds(12)
        return request
    }
}

extension Request where Reply == PolicyReport {
    package static func policyCheck(_ account: AccountName, process: Int32) -> Self {
        var request = Self(
            "GET", "\(Resource.policyCheck.path)?account=\(TokenRequest.encoded(account.description))&pid=\(process)")
        // A digest may have to be made of a large program.
        request.limit = .seconds(30)
        return request
    }
}

extension Request where Reply == LogoutReply {
    package static func logout(_ account: AccountName, _ options: LogoutRequest) -> Self {
        // Discovery, revocation, the client's deletion and the keyring, each at its own limit.
        post(Resource.logout.path(of: account), options, within: .seconds(105))
    }
}

extension Request where Reply == InspectReply {
    package static func inspect(_ account: AccountName?, _ asked: InspectRequest) -> Self {
        // Discovery, keys, a refresh and introspection, each at its own limit.
        post(account.map(Resource.inspectAccount.path(of:)) ?? Resource.inspect.path, asked, within: .seconds(150))
    }
}

extension Request where Reply == StoreReport {
    package static var stores: Self { Self("GET", Resource.store.path) }
}

extension Request where Reply == StoreReply {
    package static func changeStore(_ change: StoreRequest) -> Self {
        // Each account that moves asks the keyring several times, at 5 s each at the worst; else there is a
        // passphrase's work on a slow machine.
        post(Resource.store.path, change, within: change.operation == .migrate ? .seconds(600) : .seconds(60))
    }
}

extension Request where Reply == LockReply {
    package static func lock(_ options: LockRequest) -> Self { post(Resource.lock.path, options, within: .seconds(60)) }
}

extension Request where Reply == UnlockReply {
    package static func unlock(_ options: UnlockRequest) -> Self {
        // The longest wait after wrong passphrases is a minute, and checking one takes a moment.
        post(Resource.unlock.path, options, within: .seconds(75))
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
    /// The limit is that of the first answer; the events come when they come.
    package static func login(_ account: AccountName, _ settings: LoginRequest) -> Self {
        var request = post(Resource.login.path(of: account), settings, within: .seconds(30))
        request.plain.accept = LoginEvent.mediaType
        return request
    }
}

extension Request where Reply == AgentEvent {
    /// As for `login`.
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
