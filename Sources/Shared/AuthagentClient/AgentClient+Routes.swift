public import AgentAPI

extension AgentClient {
    /// A fresh access token. Never starts a login: without one it throws the problem `login_required`.
    ///
    /// With `wait` in `asked`, the agent answers within that many seconds: with a token, or with the problem `timeout`
    /// while it goes on to get one.
    public func token(
        for account: AccountName, _ asked: TokenRequest = TokenRequest()
    ) async throws(AgentClientError) -> TokenReply {
        try await ask(.token(account, asked))
    }

    /// Has the agent renew a token that a service has refused before its end, unless it did so less than 60 s ago. Then
    /// `token` returns another one. Throws the problem `login_required` where only a login helps.
    public func rejectToken(
        of account: AccountName, _ rejection: TokenRejection = TokenRejection()
    ) async throws(AgentClientError) -> TokenRejectionReply {
        try await ask(.rejectToken(account, rejection))
    }

    /// The agent and every account.
    public func status() async throws(AgentClientError) -> StatusReport { try await ask(.status) }

    public func status(of account: AccountName) async throws(AgentClientError) -> AccountStatus {
        try await ask(.status(of: account))
    }

    public func health() async throws(AgentClientError) -> AgentStatus { try await ask(.health()) }

    /// The providers that are known by name.
    public func providers() async throws(AgentClientError) -> ProviderList { try await ask(.providers) }

    /// Looks at everything that has to be right. Changes nothing.
    public func doctor() async throws(AgentClientError) -> DoctorReport { try await ask(.doctor) }

    /// What a process may do with an account, and which rule says so.
    public func policy(on account: AccountName, of process: Int32) async throws(AgentClientError) -> PolicyReport {
        try await ask(.policyCheck(account, process: process))
    }

    /// Starts a login, or joins the one that is pending. The last event is `done` or `failed`; whoever stops reading
    /// before that does not cancel the login.
    public func login(
        _ account: AccountName, _ settings: LoginRequest = LoginRequest()
    ) async throws(AgentClientError) -> AgentStream<LoginEvent> {
        try await stream(.login(account, settings), LoginEventReader.self)
    }

    public func cancelLogin(of account: AccountName) async throws(AgentClientError) {
        _ = try await ask(.cancelLogin(account))
    }

    /// Revokes the login at the provider and forgets it; the reply says what succeeded.
    public func logout(
        _ account: AccountName, _ options: LogoutRequest = LogoutRequest()
    ) async throws(AgentClientError) -> LogoutReply {
        try await ask(.logout(account, options))
    }

    /// What is in a token, or in the account's own. Without an account, the token's issuer says whose it is.
    public func inspect(
        _ account: AccountName?, _ asked: InspectRequest = InspectRequest()
    ) async throws(AgentClientError) -> InspectReply {
        try await ask(.inspect(account, asked))
    }

    public func stores() async throws(AgentClientError) -> StoreReport { try await ask(.stores) }

    /// Makes the sealed store, changes its key, or moves every account into another store.
    public func changeStore(_ change: StoreRequest) async throws(AgentClientError) -> StoreReply {
        try await ask(.changeStore(change))
    }

    /// Has the agent drop every token from memory, and serve none until `unlock`.
    public func lock(_ options: LockRequest = LockRequest()) async throws(AgentClientError) {
        _ = try await ask(.lock(options))
    }

    public func unlock(_ options: UnlockRequest = UnlockRequest()) async throws(AgentClientError) {
        _ = try await ask(.unlock(options))
    }

    /// What the rules in force say about a process and an account, whether or not there is one of that name.
    public func checkPolicy(_ account: AccountName, process: Int32) async throws(AgentClientError) -> PolicyReport {
        try await ask(.policyCheck(account, process: process))
    }

    /// Has the agent read its configuration again: whole, or not at all.
    public func reload() async throws(AgentClientError) { _ = try await ask(.reload) }

    /// What happens in the agent from now on, or after the event with this id. The agent ends the stream of a reader
    /// that is too slow, and when it ends itself; the last event's id is where to go on.
    public func events(after id: EventID? = nil) async throws(AgentClientError) -> AgentStream<AgentEvent> {
        try await stream(.events(after: id), AgentEventReader.self)
    }
}
