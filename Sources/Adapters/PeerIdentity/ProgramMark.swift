internal import Glibc

/// Which program a process runs, as far as the kernel tells without asking the program's file system: readlink(2) on
/// /proc/PID/exe looks at the kernel's own names only, while stat(2) through it may wait for a server.
struct ProgramMark: Sendable {
    /// As the process sees it, which may be in a mount namespace of its own (mount_namespaces(7)).
    private let link: String
    /// Where execve(2) has put code and stack, which is different in each execution of the same file (proc_pid_stat(5)).
    private let layout: [UInt64]

    /// `nil` if it cannot be looked at: the process of another user for an agent without CAP_SYS_PTRACE, or one that is
    /// not dumpable.
    init?(of pid: Int32) {
        guard let link = ProcessFile.link("/proc/\(pid)/exe"), let status = ProcessStatus(of: pid) else { return nil }
        self.link = link
        layout = status.layout
    }

    private static let mark = " (deleted)"

    /// Without the kernel's mark for a file that has no name any more, such as the older version after an upgrade.
    var path: String { isGone ? String(link.dropLast(Self.mark.count)) : link }

    /// Whether a process with this mark may still run the program that it ran with an earlier one. A program's file can
    /// lose its name, but not get it back.
    func mayFollow(_ earlier: ProgramMark) -> Bool {
        path == earlier.path && layout == earlier.layout && (isGone || !earlier.isGone)
    }

    /// Whether the file has no name any more. The mark may as well be the end of a file's name: such a name is believed
    /// of no file.
    var isGone: Bool { link.hasSuffix(Self.mark) }
}
