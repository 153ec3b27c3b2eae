/// Whether one part of the sandbox is in force, and why not.
public enum Measure: Sendable, Equatable {
    case applied
    /// The kernel, or what surrounds the process, does not allow it.
    case unavailable(String)
    /// It is not wanted here.
    case off(String)

    public var isApplied: Bool { self == .applied }

    /// `nil` if it is in force.
    public var reason: String? {
        switch self {
        case .applied: nil
        case .unavailable(let reason), .off(let reason): reason
        }
    }
}

/// What a process has given up for itself. The kernel shows the rest in /proc/PID/status, but nothing of Landlock.
public struct SandboxReport: Sendable, Equatable {
    /// No program gets privileges by its mode or capabilities (PR_SET_NO_NEW_PRIVS).
    public var noNewPrivileges: Measure
    /// System calls that are not needed fail (seccomp(2)).
    public var systemCalls: Measure
    /// No program but the named one can be executed.
    public var execution: Measure
    /// Files can be changed in the named directories only (landlock(7)).
    public var files: Measure
    /// The process that reads of others what Landlock keeps from this one.
    public var processReader: Measure
    /// The kernel's version of Landlock; `nil` without it.
    public var landlockVersion: Int?
    /// The directories in which files may be changed, without links; empty without Landlock.
    public var writable: [String]

    public init(
        noNewPrivileges: Measure, systemCalls: Measure, execution: Measure, files: Measure, processReader: Measure,
        landlockVersion: Int? = nil, writable: [String] = []
    ) {
        self.noNewPrivileges = noNewPrivileges
        self.systemCalls = systemCalls
        self.execution = execution
        self.files = files
        self.processReader = processReader
        self.landlockVersion = landlockVersion
        self.writable = writable
    }
}
