internal import CLinux

/// What functions that have returned left on this thread's stack, and in the registers that copying goes through.
public enum DeadStack {
    /// Clears it below the caller's own frame. For the end of what handled a secret; some microseconds.
    @inline(never)
    public static func clear() { clinux_clear_dead_stack() }
}
