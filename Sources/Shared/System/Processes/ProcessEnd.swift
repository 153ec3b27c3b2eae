internal import CLinux
internal import Glibc

/// The end of this process.
public enum ProcessEnd {
    /// Ends as by this signal, for a command that it has ended: a shell waits for the one as for the other.
    public static func die(of signal: Int32) -> Never {
        clinux_die_of(signal)
        // It is ignored, or stops a process.
        _exit(128 + signal)
    }
}
