/// The calling process, as the kernel describes it.
public struct Caller: Equatable, Sendable {
    public var pid: Int32
    public var user: UInt32
    /// The primary group.
    public var group: UInt32
    public var supplementaryGroups: [UInt32]
    /// The absolute path of the file that the agent finds there; if `uncertain`, as the process shows it. A hint, not a
    /// boundary between programs of one user, which may trace each other (ptrace(2)).
    public var executable: String?
    /// In lower-case hexadecimal digits; read only for a rule with a digest.
    public var executableDigest: String?
    /// The unit of the system's service manager, such as `backup.service`, and its slice.
    public var unit: String?
    public var slice: String?
    /// The unit of the user's own service manager, which the user names freely.
    public var userUnit: String?
    /// Whether the user has an entry (passwd(5)); `nil` if not looked up.
    public var isListed: Bool?
    /// The requested facts that could not be determined. An uncertain executable may still have a path: as the process
    /// shows it, if the agent does not find that file there.
    public var uncertain: CallerFacts = []

    /// The path of the executable; `nil` if the agent has not confirmed it.
    public var confirmedExecutable: String? { uncertain.contains(.executable) ? nil : executable }

    /// The path that the process shows; `nil` if the agent has confirmed it.
    public var claimedExecutable: String? { uncertain.contains(.executable) ? executable : nil }

    public init(
        pid: Int32, user: UInt32, group: UInt32, supplementaryGroups: [UInt32] = [], executable: String? = nil,
        executableDigest: String? = nil, unit: String? = nil, slice: String? = nil, userUnit: String? = nil
    ) {
        self.pid = pid
        self.user = user
        self.group = group
        self.supplementaryGroups = supplementaryGroups
        self.executable = executable
        self.executableDigest = executableDigest
        self.unit = unit
        self.slice = slice
        self.userUnit = userUnit
    }
}
