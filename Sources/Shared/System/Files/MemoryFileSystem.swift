internal import CLinux

/// File systems without a disk.
public enum MemoryFileSystem {
    /// Whether the path is on one. False if that cannot be determined.
    public static func contains(_ path: String) -> Bool { clinux_is_in_memory(path) != 0 }
}
