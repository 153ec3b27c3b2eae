internal import CLinux
internal import Glibc

/// A descriptor that stays with one process, whose number may become another's (pidfd_open(2)).
///
/// The functions return a negative number and set `errno` when they fail.
public enum ProcessDescriptor {
    /// Opens the process with this number now.
    public static func open(_ pid: Int32) -> Int32 { clinux_pidfd_open(pid) }

    /// Opens the process at the other end of a Unix socket (SO_PEERPIDFD, Linux 6.5).
    public static func open(peerOf socket: Int32) -> Int32 { clinux_peer_pidfd(socket) }

    /// Sends a signal; returns 0, or -1 with `errno`.
    public static func send(_ signal: Int32, to process: Int32) -> Int32 { clinux_pidfd_send_signal(process, signal) }
}
