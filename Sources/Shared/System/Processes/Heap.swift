internal import CLinux

/// The heap of this process.
public enum Heap {
    /// Returns free pages to the kernel, within milliseconds (malloc_trim(3)). Without it, what a burst of work has used
    /// stays with the process.
    public static func trim() { clinux_trim_heap() }
}
