/// The agent's own limit on which files it may change (landlock(7)), of which the kernel does not report afterwards.
public enum FileSandbox: Equatable, Sendable {
    /// `version`: of the kernel's ABI.
    case landlock(version: Int)
    /// Why there is none.
    case none(String)
}
