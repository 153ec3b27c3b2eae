internal import Glibc

/// Waits for a change of a file or of the directories that lead to it (inotify(7)). For one wait; the next one needs a
/// new watch.
public final class PathWatch {
    /// Negative if the kernel provides none.
    private let descriptor: Int32
    /// False if the kernel has no watches left, so that the caller must also poll.
    public let isComplete: Bool

    private static let vanishes = UInt32(IN_DELETE_SELF | IN_MOVE_SELF)
    private static let changes = UInt32(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB)

    /// Watches for the removal of the file and of its directories. With `isMissing` it also watches the last existing
    /// directory for the file's return.
    public init(_ path: String, isMissing: Bool) {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC))
        var isComplete = descriptor >= 0
        func watch(_ path: String, _ events: UInt32) -> Bool {
            if inotify_add_watch(descriptor, path, events) >= 0 { return true }
            // This user cannot move what it may not read.
            if errno != ENOENT && errno != ENOTDIR && errno != EACCES { isComplete = false }
            return false
        }
        // A removed name or another mode is a change of the file's attributes.
        if !isMissing { _ = watch(path, Self.vanishes | UInt32(IN_ATTRIB)) }
        var isLast = true
        var directory = PrivateDirectory.parent(of: path)
        while true {
            if watch(directory, isMissing && isLast ? Self.vanishes | Self.changes : Self.vanishes) { isLast = false }
            let parent = PrivateDirectory.parent(of: directory)
            guard parent != directory else { break }
            directory = parent
        }
        (self.descriptor, self.isComplete) = (descriptor, isComplete)
    }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    /// Waits for a change; false if the time expires. `nil` waits without a limit.
    public func wait(seconds: Int32?) -> Bool {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, seconds.map { $0 * 1000 } ?? -1) != 0
    }
}
