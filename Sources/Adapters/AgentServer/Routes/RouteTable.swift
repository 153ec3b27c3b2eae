internal import AgentAPI
internal import Policy

/// What answers a method of a resource, and what it needs from the rules. The functions are the router's.
enum Handler: Sendable {
    typealias Function<Argument> = @Sendable (Router) -> @Sendable (Argument) async throws(Problem) -> Router.Answer
    typealias AccountFunction =
        @Sendable (Router) -> @Sendable (AccountName, RoutedRequest) async throws(Problem) -> Router.Answer
    typealias ListFunction =
        @Sendable (Router) -> @Sendable (APIRequest, AccessView) async throws(Problem) -> Router.Answer
    typealias RequestFunction =
        @Sendable (Router) -> @Sendable (AccountName, APIRequest) throws(Problem) -> AccessRequest
    typealias Scopes = @Sendable (Router) -> @Sendable (APIRequest) throws(Problem) -> [String]

    /// The account's token, which is served at once where that is possible.
    case token
    /// The token of the account that has a URL, which is served at once where that is possible.
    case urlToken
    /// Which account has a URL, for a caller that may request its token.
    case url
    /// For each caller that may connect.
    case open(Function<RoutedRequest>)
    /// A list of what the permission makes visible to the caller.
    case list(Permission, ListFunction)
    /// One account; `scopes` are those that the request names.
    case account(Permission, scopes: Scopes = noScopes, AccountFunction)
    /// One account; what the rules must allow is in the request.
    case request(RequestFunction, AccountFunction)
    /// For the agent's own user and root alone, whatever the rules say.
    case owner(Function<RoutedRequest>)
    /// The agent as a whole: needs `admin`.
    case agent(Function<RoutedRequest>)
    /// A new sink: needs `admin`, and for other users also the account's token.
    case newSink

    static let noScopes: Scopes = { _ in { _ in [] } }
}

/// A request that the rules allow, or that needs no permission.
struct RoutedRequest: Sendable {
    let request: APIRequest
    let identity: any CallerIdentity
    /// Whether the caller gets full replies; others get `redacted`.
    let isTrusted: Bool
    /// None for a route without a permission.
    let limits: CallerLimits
    /// Who the rules have decided about; `nil` without a decision.
    var caller: Caller?
}

/// The table of the API's handlers: resource, method, permission, function.
enum RouteTable {
    /// Returns the handler; `nil` if the resource does not have the method. HEAD is GET, and its body is not sent.
    static func handler(_ resource: Resource, _ method: String) -> Handler? {
        all[resource]?[method == "HEAD" ? "GET" : method]
    }

    private static let all = Dictionary(uniqueKeysWithValues: Resource.allCases.map { ($0, handlers($0)) })

    private static func handlers(_ resource: Resource) -> [String: Handler] {
        switch resource {
        case .accounts: ["GET": .list(.status, Router.accounts)]
        case .account: ["GET": .account(.status, Router.account)]
        case .token: ["GET": .token]
        case .urlToken: ["GET": .urlToken]
        case .url: ["GET": .url]
        case .tokenRejected: ["POST": .request(Router.rejectionAccess, Router.tokenRejected)]
        case .awsCredentials: ["POST": .request(Router.awsAccess, Router.awsCredentials)]
        case .login:
            [
                "POST": .account(.login, scopes: Router.loginScopes, Router.login),
                "DELETE": .account(.login, Router.cancelLogin),
            ]
        case .loginResponse: ["POST": .account(.login, Router.answerLogin)]
        case .logout: ["POST": .account(.logout, Router.logout)]
        case .inspectAccount: ["POST": .account(.status, Router.inspectAccount)]
        case .inspect: ["POST": .agent(Router.inspectToken)]
        case .health: ["GET": .open(Router.health)]
        case .providers: ["GET": .open(Router.providers)]
        case .reload: ["POST": .agent(Router.reload)]
        case .store: ["GET": .agent(Router.stores), "POST": .agent(Router.changeStore)]
        case .lock: ["POST": .agent(Router.lock)]
        case .unlock: ["POST": .agent(Router.unlock)]
        case .doctor: ["GET": .agent(Router.doctor)]
        case .security: ["GET": .agent(Router.security)]
        case .events: ["GET": .list(.status, Router.events)]
        case .openAPI: ["GET": .open(Router.description)]
        case .sinks:
            ["GET": .agent(Router.sinks), "POST": .newSink, "DELETE": .agent(Router.removeSink)]
        case .policyCheck: ["GET": .agent(Router.policyCheck)]
        case .approvals: ["GET": .owner(Router.approvals), "POST": .owner(Router.answerApproval)]
        case .metrics: ["GET": .list(.status, Router.metrics)]
        }
    }
}
