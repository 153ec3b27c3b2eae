internal import Glibc

/// The program of a process, as far as the kernel shows it without access to the program's file system: readlink(2) on
/// /proc/PID/exe reads kernel memory only, while stat(2) through it may wait for a server.
struct ProgramMark: Sendable {
    /// The path as the process sees it, possibly in another mount namespace (mount_namespaces(7)).
    private let link: String
    /// The addresses of code and stack, which differ in each execution of the same file (proc_pid_stat(5)).
    private let layout: [UInt64]

    /// `nil` if it cannot be read: a process of another user without CAP_SYS_PTRACE, or one that is not dumpable.
    init?(of pid: Int32) {
        guard let program = OtherProcess.program(of: pid) else { return nil }
        link = program.link
        layout = program.status.layout
    }

    private static let mark = " (deleted)"

    /// The path without the kernel's suffix for a deleted file, such as the old version after an upgrade.
    var path: String { isGone ? String(link.dropLast(Self.mark.count)) : link }

    /// Whether this process may still run the program of the earlier mark. A file can be deleted, but not undeleted.
    func mayFollow(_ earlier: ProgramMark) -> Bool {
        path == earlier.path && layout == earlier.layout && (isGone || !earlier.isGone)
    }

    /// Whether the file was deleted. A file name may end with the same suffix; such a name is never trusted.
    var isGone: Bool { link.hasSuffix(Self.mark) }
}
