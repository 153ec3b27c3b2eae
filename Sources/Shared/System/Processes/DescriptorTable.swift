internal import CLinux

/// The table of open descriptors of a thread (unshare(2), CLONE_FILES).
public enum DescriptorTable {
    /// Gives the calling thread a table of its own with nothing but `kept` in it, where the kernel can do that.
    public static func makeOwn(keeping kept: Int32? = nil) { clinux_own_descriptors(kept ?? -1) }
}
