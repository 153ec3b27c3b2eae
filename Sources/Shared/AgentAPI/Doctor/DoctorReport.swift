/// The reply of `GET /v1/doctor`, and what `authagent doctor --json` prints: what was looked at, and how it was found.
public struct DoctorReport: Codable, Equatable, Sendable {
    /// The worst of the checks.
    public var state: DoctorCheck.State
    public var checks: [DoctorCheck]

    public init(_ checks: [DoctorCheck]) {
        state = checks.map(\.state).max() ?? .ok
        self.checks = checks
    }
}

/// How one thing was found, and the command that repairs it.
public struct DoctorCheck: Codable, Equatable, Sendable {
    public var id: ID
    /// What comes before the dot in `id`.
    public var area: String
    /// Of an account's own checks.
    public var account: AccountName?
    /// Of the checks of a provider, which several accounts may share.
    public var issuer: String?
    public var state: State
    /// For people: one line, cleaned, no secret.
    public var detail: String
    /// What repairs it, usually a command. Absent when the state is `ok`.
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
        /// It works, but something will go wrong, or is not as people may think.
        case warning
        /// Something does not work.
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

    /// Stable: scripts may ask for one of them.
    public enum ID: String, Codable, CaseIterable, Sendable {
        case agentInstalled = "agent.installed"
        case agentSocket = "agent.socket"
        case agentRunning = "agent.running"
        case agentVersion = "agent.version"
        case agentEnvironment = "agent.environment"
        case agentProgram = "agent.program"
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
        case networkProxy = "network.proxy"
        case networkCertificates = "network.certificates"
        case accountFile = "account.file"
        case accountSecret = "account.secret"
        case accountEndpoints = "account.endpoints"
        case issuerConnection = "issuer.connection"
        case issuerMetadata = "issuer.metadata"
        case issuerClock = "issuer.clock"
        case journalFiles = "journal.files"
        case journalWaiting = "journal.waiting"
        case journalOrphaned = "journal.orphaned"
    }
}
