public import AgentAPI
public import OAuth

/// The functions behind the routes: the server decodes a request, calls one of these, and encodes the reply.
public protocol AgentService: Sendable {
    /// Returns the accounts whose files have the longest prefix of the URL; `nil` if none has one.
    func match(_ url: ServiceURL) -> URLMatch?
    /// Returns the result without waiting; `nil` if it needs the provider or the store.
    func tokenAtOnce(
        _ account: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) -> Result<TokenReply, Problem>?
    /// Returns the login's own token if it is in memory and valid for so many seconds. Asks `isAdmitted` once, and only
    /// then; if it returns false, and in each other case, the result is `nil` and nothing has changed.
    func cachedToken(_ account: AccountName, minimumValidity: Int, if isAdmitted: () -> Bool) -> TokenReply?
    /// Returns the requested token. Waits if a refresh is running; never starts a login.
    func token(
        _ account: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) async throws(Problem) -> TokenReply
    /// Returns a token that expires later than `newerThan`, in seconds since 1970, or one of a later login. Waits until
    /// there is one; if the task is cancelled meanwhile, the token is the same.
    func newerToken(
        _ account: AccountName, _ request: TokenRequest, than newerThan: Int, within limits: CallerLimits
    ) async throws(Problem) -> NewerTokenReply
    /// Renews a token that a resource server has refused, or says what its challenge demands instead.
    func rejectToken(
        _ account: AccountName, _ rejected: RejectedToken, within limits: CallerLimits
    ) async throws(Problem) -> TokenRejectionReply
    /// Returns credentials of a role at AWS, from memory or by a request with the login's token.
    func awsCredentials(
        _ account: AccountName, _ role: AWSRole, within limits: CallerLimits
    ) async throws(Problem) -> AWSCredentialsReply
    func health() async -> AgentStatus
    func providers() -> ProviderList
    /// Returns the status of the agent and of the included accounts.
    func status(of isIncluded: @escaping @Sendable (AccountName) -> Bool) async -> StatusReport
    func status(of account: AccountName) async throws(Problem) -> AccountStatus
    /// Starts a login or joins the pending one. The stream ends after its final event; leaving it does not cancel the
    /// login.
    func login(
        _ account: AccountName, _ request: LoginRequest, within limits: CallerLimits
    ) async throws(Problem) -> AsyncStream<LoginEvent>
    func cancelLogin(_ account: AccountName) async throws(Problem)
    /// Gives the authorization server's answer to the pending login.
    func answerLogin(_ account: AccountName, _ response: LoginResponse) async throws(Problem) -> LoginResponseReply
    func logout(_ account: AccountName, _ request: LogoutRequest) async throws(Problem) -> LogoutReply
    /// Inspects the token in the request, or the account's own. Without an account, the token's issuer selects one.
    func inspect(_ account: AccountName?, _ request: InspectRequest) async throws(Problem) -> InspectReply
    func stores() async -> StoreReport
    /// Creates the sealed store, changes its key, or moves every account into another store.
    func changeStore(_ request: StoreRequest) async throws(Problem) -> StoreReply
    func lock(_ request: LockRequest) async throws(Problem) -> LockReply
    func unlock(_ request: UnlockRequest) async throws(Problem) -> UnlockReply
    /// Reads the configuration again. On an error, the old one stays in force as a whole.
    func reload() async throws(Problem)
    /// Returns a token as a systemd unit gets it. Waits if a refresh is running.
    func credential(
        of account: AccountName, for target: TokenTarget?, as what: SinkContentKind
    ) async throws(Problem) -> [UInt8]
    func listSinks() -> SinkList
    /// Declares a file that always holds a token, and returns its state after the first attempt.
    func addSink(_ request: SinkRequest) async throws(Problem) -> SinkStatus
    func removeSink(_ path: String) async throws(Problem) -> SinkRemoval
    /// Returns the events after the one with this id, then live events; without an id, live events only.
    func events(after id: String?) -> EventWatch
    /// Sends watchers an event that the service itself does not see, such as a refusal by the server.
    func report(_ news: AgentNews)
    /// Whether the agent serves no tokens until it is unlocked.
    var isLocked: Bool { get }
    /// Asks the owner's program whether a request may go on; `nil` if there is none, or it gives no answer.
    func confirm(_ approval: Approval) async -> Bool?
    /// Runs all checks. Changes nothing.
    func doctor() async -> DoctorReport
    /// Returns how the agent is protected. Changes nothing.
    func security() async -> SecurityReport
}
