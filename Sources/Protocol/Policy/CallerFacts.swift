/// Caller facts that are expensive to determine, and so are read only for rules or the audit.
public struct CallerFacts: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let supplementaryGroups = CallerFacts(rawValue: 1 << 0)
    /// Confirmed by the file at the path that the process shows. That reads files, whose file systems may be slow.
    public static let executable = CallerFacts(rawValue: 1 << 1)
    /// Reads a whole file, so it always takes waiting.
    public static let executableDigest = CallerFacts(rawValue: 1 << 2)
    /// The system unit, the slice and the user unit, which are read together.
    public static let unit = CallerFacts(rawValue: 1 << 3)
    /// Executable and units for the record only, as of the first request on the connection. Rules must not use them.
    public static let record = CallerFacts(rawValue: 1 << 4)

    /// The executable's path as the process shows it, without reading the file. Enough to reject a rule for another
    /// path.
    public static let executableClaim = CallerFacts(rawValue: 1 << 5)
    /// Whether the user has an entry (passwd(5)), which may require a remote lookup: for rates only.
    public static let userEntry = CallerFacts(rawValue: 1 << 6)

    public static let all: CallerFacts = [
        .supplementaryGroups, .executable, .executableDigest, .unit, .executableClaim, .userEntry,
    ]

    /// Whether they are valid only while the process runs the same program.
    public var restOnProgram: Bool { !isDisjoint(with: [.executable, .executableDigest, .executableClaim]) }
}
