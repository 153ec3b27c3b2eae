internal import CSandbox
internal import System

/// The files that a process may still change. It may read what it could read before.
public struct FileAccess: Sendable {
    /// Directories in which everything may be changed.
    public var directories: [String]
    /// Directories in which sockets and directories may be made anew, after they were removed with their parent, as
    /// systemd-logind does to /run/user/UID at a user's last logout.
    public var places: [String]
    /// Single files that may be written to.
    public var files: [String]

    public init(directories: [String] = [], places: [String] = [], files: [String] = ["/dev/null"]) {
        self.directories = directories
        self.places = places
        self.files = files
    }

    struct Entered {
        var measure: Measure
        var writable: [String] = []
    }

    /// Puts the calling thread under Landlock. A directory that is not there cannot be named.
    func enter(version: Int, executing programs: [String]?) -> Entered {
        var handled = LandlockRights.handled(version)
        if programs == nil { handled &= ~LandlockRights.execution }
        let raw = csandbox_rules(handled)
        guard raw >= 0 else { return Entered(measure: Sandbox.measure(raw)) }
        let rules = Descriptor(owning: raw)
        var entered = Entered(measure: .applied)
        for directory in directories where Self.give(directory, LandlockRights.changes & handled, rules) {
            entered.writable.append(TrustedFile.resolved(directory))
        }
        for place in places { _ = Self.give(place, LandlockRights.places & handled, rules) }
        for file in files { _ = Self.give(file, LandlockRights.writes & handled, rules) }
        // Without the right, the program could not be started at all.
        guard (programs ?? []).allSatisfy({ Self.give($0, LandlockRights.execution, rules) }) else {
            return Entered(measure: .unavailable("cannot open \((programs ?? []).joined(separator: " or "))"))
        }
        entered.measure = Sandbox.measure(csandbox_enter(rules.raw))
        if !entered.measure.isApplied { entered.writable = [] }
        return entered
    }

    private static func give(_ path: String, _ rights: UInt64, _ rules: borrowing Descriptor) -> Bool {
        // Through no other user's link.
        csandbox_give(rules.raw, TrustedFile.resolved(path), rights) >= 0
    }
}
