public import AgentAPI
internal import OAuth

/// How an account gets its tokens, with the names of the account file's key `grant`.
public enum AccountGrant: Equatable, Sendable {
    /// By a login of a person.
    case login(GrantKind)
    /// By the same request for each token, without a person.
    case machine(MachineGrant)

    static let names = GrantKind.allCases.map(\.rawValue) + MachineGrant.allCases.map(\.rawValue)

    init?(_ name: String) {
        if let grant = GrantKind(rawValue: name) {
            self = .login(grant)
        } else if let grant = MachineGrant(rawValue: name) {
            self = .machine(grant)
        } else {
            return nil
        }
    }

    var name: String {
        switch self {
        case .login(let grant): grant.rawValue
        case .machine(let grant): grant.rawValue
        }
    }
}

extension AccountKeys {
    /// The grant of a login; `nil` if what the provider offers decides, or the account has none.
    public var grant: GrantKind? {
        get { if case .login(let grant)? = accountGrant { grant } else { nil } }
        set { accountGrant = newValue.map(AccountGrant.login) }
    }

    /// Whether the agent signs assertions for the account, so that their audience is its choice.
    public var signsAssertions: Bool {
        switch clientAuthentication {
        case .clientSecretJWT?: true
        case .privateKeyJWT?: clientKeyFile != nil
        case nil: clientKeyFile != nil && clientCertificateFile == nil
        default: false
        }
    }

    /// `nil` for an account with a login.
    public var machineGrant: MachineGrant? {
        if case .machine(let grant)? = accountGrant { grant } else { nil }
    }
}
