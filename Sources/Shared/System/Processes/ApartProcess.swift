internal import CLinux
internal import Glibc

/// A process that is forked from this one before it has threads or secrets, for work that this one must not do itself.
public enum ApartProcess {
    /// Forks. In the child, `body` runs with the child's end of the connection, and then the process ends. Returns the
    /// other end; `nil` with `errno` if that fails.
    ///
    /// The child has no other descriptor, a session of its own, and none of the environment but these variables. It
    /// learns of this process's end by the end of the connection.
    public static func start(
        named name: String, environment names: [String], _ body: (MessageChannel) -> Void
    ) -> MessageChannel? {
        var raw: Int32 = -1
        let pid = clinux_fork_apart(name, &raw)
        guard pid >= 0 else { return nil }
        let channel = MessageChannel(Descriptor(owning: raw))
        guard pid == 0 else { return channel }
        forget(environmentBut: names)
        body(channel)
        // Nothing of the parent is flushed or closed a second time.
        _exit(0)
    }

    private static func forget(environmentBut names: [String]) {
        let copies = names.map { name in UnsafePointer(strdup(name)) }
        clinux_forget_environment(copies, copies.count)
        for copy in copies { free(UnsafeMutablePointer(mutating: copy)) }
    }
}
