/// What costs something to find out about a caller, so that it is only read where a rule or the audit asks for it.
public struct CallerFacts: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let supplementaryGroups = CallerFacts(rawValue: 1 << 0)
    /// Confirmed: the file that the agent finds at the path which the process shows. Files are looked at for it, and their
    /// file systems may take their time.
    public static let executable = CallerFacts(rawValue: 1 << 1)
    /// A whole file is read for it, so it is never there at once.
    public static let executableDigest = CallerFacts(rawValue: 1 << 2)
    /// The system's unit, the slice and the user's own unit: they are read together.
    public static let unit = CallerFacts(rawValue: 1 << 3)
    /// Executable and units for the record only: as they were when somebody first asked on this connection. No rule may
    /// rely on them.
    public static let record = CallerFacts(rawValue: 1 << 4)

    /// The path of the executable as the process shows it, which no file is looked at for. It is enough to tell that a
    /// rule about another path does not apply.
    public static let executableClaim = CallerFacts(rawValue: 1 << 5)
    /// Whether the user has an entry (passwd(5)), which may be asked of another machine: for rates only.
    public static let userEntry = CallerFacts(rawValue: 1 << 6)

    public static let all: CallerFacts = [
        .supplementaryGroups, .executable, .executableDigest, .unit, .executableClaim, .userEntry,
    ]

    /// Whether it matters to them that the process still runs the program that it ran before.
    public var restOnProgram: Bool { !isDisjoint(with: [.executable, .executableDigest, .executableClaim]) }
}
