/// The process that asks, as the kernel describes it.
public struct Caller: Equatable, Sendable {
    public var pid: Int32
    public var user: UInt32
    /// The primary group.
    public var group: UInt32
    public var supplementaryGroups: [UInt32]
    /// Absolute path; of the file that the agent finds there, unless it is `uncertain`: then it is the process's word. A
    /// hint, and not a boundary between programs of one user, which may trace each other (ptrace(2)).
    public var executable: String?
    /// In lower-case hexadecimal digits; read only where a rule asks for it.
    public var executableDigest: String?
    /// The unit of the system's service manager, such as `backup.service`, and its slice.
    public var unit: String?
    public var slice: String?
    /// The unit of the user's own service manager: any user can give any name to one.
    public var userUnit: String?
    /// Whether there is an entry of the user (passwd(5)); nil: not looked up.
    public var isListed: Bool?
    /// What was asked for, and could not be found out for sure. An executable may have a path all the same: as the process
    /// sees it, where it is not the file that the agent finds there.
    public var uncertain: CallerFacts = []

    /// The path of the executable, if the agent has confirmed it.
    public var confirmedExecutable: String? { uncertain.contains(.executable) ? nil : executable }

    /// The path that the process shows, if the agent has not confirmed it.
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
