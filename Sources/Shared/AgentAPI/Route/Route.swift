/// The resources of the socket API, version 1.
public enum Route: Equatable, Sendable {
    case accounts
    case account(AccountName)
    case token(AccountName)
    case tokenRejected(AccountName)
    case login(AccountName)
    case logout(AccountName)
    /// Nil: a token whose account is found by its issuer.
    case inspect(AccountName?)
    case health
    case providers
    case reload
    case store
    case lock
    case unlock
    case doctor
    case events
    case openAPI
    case policyCheck
    /// Outside of `/v1`, where every scraper looks.
    case metrics

    /// Reads a path without its query. Nil for a path that names nothing here.
    public init?(path: some StringProtocol) {
        if path == "/metrics" {
            self = .metrics
            return
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.utf8.first == UInt8(ascii: "/"), parts.first == "v1" else { return nil }
        let rest = Array(parts.dropFirst())
        switch rest.count {
        case 1 where rest[0] == "accounts": self = .accounts
        case 1 where rest[0] == "health": self = .health
        case 1 where rest[0] == "providers": self = .providers
        case 1 where rest[0] == "reload": self = .reload
        case 1 where rest[0] == "store": self = .store
        case 1 where rest[0] == "lock": self = .lock
        case 1 where rest[0] == "unlock": self = .unlock
        case 1 where rest[0] == "doctor": self = .doctor
        case 1 where rest[0] == "events": self = .events
        case 1 where rest[0] == "openapi.json": self = .openAPI
        case 1 where rest[0] == "inspect": self = .inspect(nil)
        case 2 where rest[0] == "policy" && rest[1] == "check": self = .policyCheck
        case 2 where rest[0] == "accounts":
            guard let name = AccountName(rest[1]) else { return nil }
            self = .account(name)
        case 3 where rest[0] == "accounts":
            guard let name = AccountName(rest[1]) else { return nil }
            switch rest[2] {
            case "token": self = .token(name)
            case "login": self = .login(name)
            case "logout": self = .logout(name)
            case "inspect": self = .inspect(name)
            default: return nil
            }
        case 4 where rest[0] == "accounts" && rest[2] == "token" && rest[3] == "rejected":
            guard let name = AccountName(rest[1]) else { return nil }
            self = .tokenRejected(name)
        default: return nil
        }
    }

    /// The account that it names, if it is about one.
    public var account: AccountName? {
        switch self {
        case .account(let name), .token(let name), .tokenRejected(let name), .login(let name), .logout(let name),
            .inspect(let name?):
            name
        case .accounts, .inspect(nil), .health, .providers, .reload, .store, .lock, .unlock, .doctor, .events, .openAPI,
            .policyCheck, .metrics:
            nil
        }
    }

    public var path: String {
        guard let account else { return template.path }
        return "/v1/accounts/" + account.description + template.action
    }

    /// The methods that the resource knows, for `Allow`.
    public var methods: [String] {
        switch self {
        case .accounts, .account, .token, .health, .providers, .doctor, .events, .openAPI, .policyCheck, .metrics:
            ["GET", "HEAD"]
        case .login: ["POST", "DELETE"]
        case .store: ["GET", "HEAD", "POST"]
        case .tokenRejected, .logout, .inspect, .reload, .lock, .unlock: ["POST"]
        }
    }
}
