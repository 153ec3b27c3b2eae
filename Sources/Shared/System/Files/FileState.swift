internal import CLinux

/// Which file it is, and in which state (statx(2)). No server is asked: what a network file system has at hand is enough.
public struct FileState: Hashable, Sendable {
    public let device: UInt64
    public let number: UInt64
    /// In bytes.
    public let size: UInt64
    public let modified: Moment
    public let changed: Moment

    /// A time of a file system, since 1970.
    public struct Moment: Hashable, Sendable {
        public let seconds: Int64
        public let nanoseconds: Int64

        fileprivate init(_ time: (Int64, Int64)) { (seconds, nanoseconds) = time }
    }

    private init(_ state: clinux_file_state) {
        (device, number, size) = (state.device, state.number, state.size)
        (modified, changed) = (Moment(state.modified), Moment(state.changed))
    }

    /// Follows links; `nil` if the file cannot be looked at.
    public init?(_ path: String) {
        var state = clinux_file_state()
        guard clinux_file_state(path, &state) == 0 else { return nil }
        self.init(state)
    }

    public init?(descriptor: Int32) {
        var state = clinux_file_state()
        guard clinux_open_file_state(descriptor, &state) == 0 else { return nil }
        self.init(state)
    }

    public func isSameFile(as other: FileState) -> Bool { device == other.device && number == other.number }
}
