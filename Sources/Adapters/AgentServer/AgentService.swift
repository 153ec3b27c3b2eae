public import AgentAPI

/// What the routes do, as functions: the server decodes a request, calls one of these, and encodes the reply.
public protocol AgentService: Sendable {
    /// Answers without waiting for anything, or returns nil when the answer needs the provider or the store.
    func tokenAtOnce(_ account: AccountName, _ request: TokenRequest) -> Result<TokenReply, Problem>?
    /// A token as it was asked for. Waits if a refresh is running; never starts a login.
    func token(_ account: AccountName, _ request: TokenRequest) async throws(Problem) -> TokenReply
    /// Renews the token that such a request is served, which a service has refused; `digest` is its SHA-256, if the client
    /// knows which one it was.
    func rejectToken(
        _ account: AccountName, _ request: TokenRequest, digest: [UInt8]?
    ) async throws(Problem) -> TokenRejectionReply
    func health() async -> AgentStatus
    func providers() -> ProviderList
    /// Of the agent and of these accounts.
    func status(of isIncluded: @escaping @Sendable (AccountName) -> Bool) async -> StatusReport
    func status(of account: AccountName) async throws(Problem) -> AccountStatus
    /// Starts a login or joins the pending one. The stream ends after its final event; leaving it does not cancel the
    /// login.
    func login(_ account: AccountName, _ request: LoginRequest) async throws(Problem) -> AsyncStream<LoginEvent>
    func cancelLogin(_ account: AccountName) async throws(Problem)
    func logout(_ account: AccountName, _ request: LogoutRequest) async throws(Problem) -> LogoutReply
    /// Finds out about a token, or about the account's own. Without an account, a token's issuer says whose it is.
    func inspect(_ account: AccountName?, _ request: InspectRequest) async throws(Problem) -> InspectReply
    func stores() async -> StoreReport
    /// Makes the sealed store, changes its key, or moves every account into another store.
    func changeStore(_ request: StoreRequest) async throws(Problem) -> StoreReply
    func lock(_ request: LockRequest) async throws(Problem) -> LockReply
    func unlock(_ request: UnlockRequest) async throws(Problem) -> UnlockReply
    /// Reads the configuration again: whole, or not at all.
    func reload() async throws(Problem)
    /// What has happened since the event with that id, as a watcher has sent it back, and what happens from now on.
    /// Without one, only the latter.
    func events(after id: String?) -> EventWatch
    /// Tells whoever watches of something that the service itself does not see.
    func report(_ news: AgentNews)
    /// Looks at everything that has to be right. Changes nothing.
    func doctor() async -> DoctorReport
}
