/// A resource of the socket API, version 1: the list of all paths and methods.
///
/// The handler and the permission of each method are in the server's `RouteTable`.
public enum Resource: String, CaseIterable, Sendable {
    case accounts = "/v1/accounts"
    case account = "/v1/accounts/{account}"
    case token = "/v1/accounts/{account}/token"
    /// The token of the account that has a URL.
    case urlToken = "/v1/token"
    /// Which account has a URL.
    case url = "/v1/url"
    case tokenRejected = "/v1/accounts/{account}/token/rejected"
    case awsCredentials = "/v1/accounts/{account}/aws-credentials"
    case login = "/v1/accounts/{account}/login"
    /// The authorization server's answer for a pending login by code.
    case loginResponse = "/v1/accounts/{account}/login/response"
    case logout = "/v1/accounts/{account}/logout"
    case inspectAccount = "/v1/accounts/{account}/inspect"
    /// Inspects a token; its issuer selects the account.
    case inspect = "/v1/inspect"
    case health = "/v1/health"
    case providers = "/v1/providers"
    case reload = "/v1/reload"
    case store = "/v1/store"
    case lock = "/v1/lock"
    case unlock = "/v1/unlock"
    case doctor = "/v1/doctor"
    /// What the kernel enforces for the agent, and what its stores depend on.
    case security = "/v1/security"
    case events = "/v1/events"
    case openAPI = "/v1/openapi.json"
    case policyCheck = "/v1/policy/check"
    case approvals = "/v1/approvals"
    case sinks = "/v1/sinks"
    /// Outside of `/v1`: the default path of Prometheus scrapers.
    case metrics = "/metrics"

    /// The allowed methods, for the field Allow (RFC 9110 §10.2.1).
    public var methods: [String] {
        switch self {
        case .accounts, .account, .token, .urlToken, .url, .health, .providers, .doctor, .security, .events, .openAPI,
            .policyCheck,
            .metrics:
            ["GET", "HEAD"]
        case .login: ["POST", "DELETE"]
        case .store, .approvals: ["GET", "HEAD", "POST"]
        case .sinks: ["GET", "HEAD", "POST", "DELETE"]
        case .tokenRejected, .awsCredentials, .loginResponse, .logout, .inspectAccount, .inspect, .reload, .lock,
            .unlock:
            ["POST"]
        }
    }

    /// The path, with `{account}` if it names one.
    public var path: String { rawValue }

    /// The path for an account.
    public func path(of account: AccountName) -> String {
        guard hasAccount else { return rawValue }
        // As a `String`: to append a `Substring` looks up conformances at run time, in every start of a client.
        let rest = String(Substring(rawValue.utf8.dropFirst(Self.accountPath.utf8.count)))
        return Self.accountsPath + account.description + rest
    }

    /// Whether the path names an account.
    public var hasAccount: Bool { rawValue.hasPrefix(Self.accountPath) }

    static let accountsPath = "/v1/accounts/"
    static let accountPath = "/v1/accounts/{account}"
}
