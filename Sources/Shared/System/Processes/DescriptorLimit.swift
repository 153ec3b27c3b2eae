internal import CLinux

/// The limit of this process's descriptors.
public enum DescriptorLimit {
    /// Raises the soft limit to the hard limit and returns it. The usual 1,024 is that low for the sake of select(2)
    /// (getrlimit(2)); the programs that `ProgramStart` starts get it back.
    public static func raise() -> Int { clinux_raise_descriptor_limit() }
}
