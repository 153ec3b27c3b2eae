internal import CSandbox
internal import Glibc
internal import System

/// The files that a process may still change. It may read what it could read before.
public struct FileAccess: Sendable {
    /// Directories in which everything may be changed.
    public var directories: [String]
    /// The same on file systems that may not answer, such as those of a server. They are waited for a moment.
    public var distant: [String]
    /// Directories below which empty directories may be made and removed, and sockets made: a socket's directory anew,
    /// after its parent was removed, as systemd-logind does to /run/user/UID at a user's last logout; and a directory
    /// that shows whether a file system keeps modes.
    public var places: [String]
    /// Single files that may be written to.
    public var files: [String]

    public init(
        directories: [String] = [], distant: [String] = [], places: [String] = [], files: [String] = ["/dev/null"]
    ) {
        self.directories = directories
        self.distant = distant
        self.places = places
        self.files = files
    }

    struct Entered {
        var measure: Measure
        /// The directories that may be changed, as they are named, and without links.
        var writable: [String: String] = [:]
    }

    /// In milliseconds.
    private static let patience: Int32 = 1_000

    /// Puts the calling thread under Landlock. A directory that is not there cannot be named.
    func enter(version: Int, executing programs: [String]?) -> Entered {
        var handled = LandlockRights.handled(version)
        if programs == nil { handled &= ~LandlockRights.execution }
        let raw = csandbox_rules(handled)
        guard raw >= 0 else { return Entered(measure: Sandbox.measure(raw)) }
        let rules = Descriptor(owning: raw)
        var entered = Entered(measure: .applied)
        for path in directories + distant {
            let file = distant.contains(path) ? csandbox_open_within(path, Self.patience) : csandbox_open(path)
            entered.writable[path] = Self.give(file, LandlockRights.changes & handled, rules)
        }
        for place in places { _ = Self.give(csandbox_open(place), LandlockRights.places & handled, rules) }
        for file in files { _ = Self.give(csandbox_open(file), LandlockRights.writes & handled, rules) }
        // Without the right, the program could not be started at all.
        let given = (programs ?? []).map { Self.give(csandbox_open($0), LandlockRights.execution, rules) }
        guard !given.contains(nil) else {
            return Entered(measure: .unavailable("cannot open \((programs ?? []).joined(separator: " or "))"))
        }
        entered.measure = Sandbox.measure(csandbox_enter(rules.raw))
        if !entered.measure.isApplied { entered.writable = [:] }
        return entered
    }

    /// Gives rights for an open file, and closes it. Returns its path without links; `nil` on failure.
    private static func give(_ raw: Int32, _ rights: UInt64, _ rules: borrowing Descriptor) -> String? {
        guard raw >= 0 else { return nil }
        let file = Descriptor(owning: raw)
        guard csandbox_give(rules.raw, file.raw, rights) >= 0 else { return nil }
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/fd/\(file.raw)", &target, target.count)
        guard count > 0 else { return "" }
        return String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
