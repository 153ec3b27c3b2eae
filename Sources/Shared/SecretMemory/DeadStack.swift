internal import CLinux

/// The remains of returned functions on this thread's stack and in the registers used for copying.
public enum DeadStack {
    /// Clears them below the caller's frame. Call it after handling a secret; takes some microseconds.
    @inline(never)
    public static func clear() { clinux_clear_dead_stack() }
}
