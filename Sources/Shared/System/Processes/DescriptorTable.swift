internal import CLinux

/// The table of open descriptors of a thread (unshare(2), CLONE_FILES).
public enum DescriptorTable {
    /// Gives the calling thread an empty table of its own, where the kernel can do that.
    public static func makeOwn() { clinux_own_descriptors() }
}
