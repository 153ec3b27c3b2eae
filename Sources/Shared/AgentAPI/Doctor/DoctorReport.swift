/// The reply of `GET /v1/doctor`, and the output of `authagent doctor --json`: the checks and their results.
public struct DoctorReport: Codable, Equatable, Sendable {
    /// The worst state of all checks.
    public var state: DoctorCheck.State
    public var checks: [DoctorCheck]

    public init(_ checks: [DoctorCheck]) {
        state = checks.map(\.state).max() ?? .ok
        self.checks = checks
    }
}

/// The result of one check, and the command that repairs the problem.
public struct DoctorCheck: Codable, Equatable, Sendable {
    public var id: ID
    /// The part of `id` before the dot.
    public var area: String
    /// For checks of an account.
    public var account: AccountName?
    /// For checks of a provider, which several accounts may share.
    public var issuer: String?
    public var state: State
    /// One line for the user, cleaned, without secrets.
    public var detail: String
    /// The remedy, usually a command; absent if the state is `ok`.
    public var hint: String?

    public init(
        _ id: ID, _ state: State, _ detail: String, hint: String? = nil, account: AccountName? = nil,
        issuer: String? = nil
    ) {
        self.id = id
        area = String(id.rawValue.prefix { $0 != "." })
        self.account = account
        self.issuer = issuer
        self.state = state
        self.detail = detail
        self.hint = hint
    }

    public enum State: String, Codable, CaseIterable, Comparable, Sendable {
        case ok
        /// It works, but will fail later, or differs from what the user may expect.
        case warning
        /// It does not work.
        case problem

        public static func < (left: State, right: State) -> Bool { left.severity < right.severity }

        private var severity: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .problem: 2
            }
        }
    }

    /// The name of a check. Names are stable, because scripts may use them.
    public enum ID: String, Codable, CaseIterable, Sendable {
        case agentInstalled = "agent.installed"
        case agentSocket = "agent.socket"
        case agentRunning = "agent.running"
        case agentVersion = "agent.version"
        case agentEnvironment = "agent.environment"
        case agentProgram = "agent.program"
        case agentHooks = "agent.hooks"
        case keyringHelper = "keyring.helper"
        case keyringBus = "keyring.bus"
        case keyringState = "keyring.state"
        case keyringCollection = "keyring.collection"
        case sealedState = "sealed.state"
        case systemdCredential = "systemd.credential"
        case systemdTPM = "systemd.tpm"
        case systemdLinger = "systemd.linger"
        case filesSettings = "files.settings"
        case filesConfiguration = "files.configuration"
        case filesState = "files.state"
        case sinkPlace = "sink.place"
        case networkProxy = "network.proxy"
        case networkCertificates = "network.certificates"
        case accountFile = "account.file"
        case accountSecret = "account.secret"
        case accountKey = "account.key"
        case accountAssertion = "account.assertion"
        case accountSubject = "account.subject"
        case accountEndpoints = "account.endpoints"
        case issuerConnection = "issuer.connection"
        case issuerMetadata = "issuer.metadata"
        case issuerClock = "issuer.clock"
        case journalFiles = "journal.files"
        case journalWaiting = "journal.waiting"
        case journalOrphaned = "journal.orphaned"
    }
}
