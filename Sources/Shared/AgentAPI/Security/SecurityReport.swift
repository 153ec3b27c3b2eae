/// The reply of `GET /v1/security`, and the output of `authagent status --security --json`: what the kernel enforces for
/// the agent, and what its logins' stores depend on.
public struct SecurityReport: Codable, Equatable, Sendable {
    /// The worst grade of all checks.
    public var grade: SecurityCheck.Grade
    /// Whether an agent with `strict` would start here.
    public var strict: Bool
    public var checks: [SecurityCheck]

    public init(_ checks: [SecurityCheck]) {
        grade = checks.map(\.grade).min() ?? .strong
        strict = !checks.contains { $0.isMissing }
        self.checks = checks
    }
}

/// One fact about the agent's protection, its grade, and what improves it.
public struct SecurityCheck: Codable, Equatable, Sendable {
    public var id: ID
    public var grade: Grade
    /// One line for the user, cleaned, without secrets.
    public var detail: String
    /// What improves the grade, usually a command; absent if it is `strong`.
    public var hint: String?

    public init(_ id: ID, _ grade: Grade, _ detail: String, hint: String? = nil) {
        (self.id, self.grade, self.detail, self.hint) = (id, grade, detail, hint)
    }

    /// Whether an agent with `strict` does not start because of it.
    public var isMissing: Bool { id.isRequired && grade == .weak }

    public enum Grade: String, Codable, CaseIterable, Comparable, Sendable {
        /// Another program of the same user, or a thief of the disk, gets past it.
        case weak
        /// It holds, as long as something holds that the agent does not control.
        case fair
        case strong

        public static func < (left: Grade, right: Grade) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .weak: 0
            case .fair: 1
            case .strong: 2
            }
        }
    }

    /// The name of a check. Names are stable, because scripts may use them.
    public enum ID: String, Codable, CaseIterable, Sendable {
        case dumpable = "process.dumpable"
        case core = "process.core"
        case privileges = "process.no_new_privs"
        case seccomp = "process.seccomp"
        case files = "process.landlock"
        case capabilities = "process.capabilities"
        case user = "process.user"
        case programs = "programs.files"
        case helper = "programs.keyring"
        case hooks = "programs.spawner"
        case locked = "memory.locked"
        case swap = "memory.swap"
        case keyring = "store.keyring"
        case sealed = "store.sealed"
        case memory = "store.memory"

        /// Whether `strict` needs it.
        public var isRequired: Bool {
            switch self {
            case .dumpable, .core, .privileges, .seccomp, .files, .locked: true
            case .capabilities, .user, .programs, .helper, .hooks, .swap, .keyring, .sealed, .memory: false
            }
        }
    }
}
