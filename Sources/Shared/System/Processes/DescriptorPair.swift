internal import CLinux

/// Two descriptors that belong together, both close-on-exec. The caller owns them.
public struct DescriptorPair {
    public let first: Int32
    public let second: Int32

    /// Creates a pipe (pipe2(2)), the reading end first; `nil` with `errno` if descriptors are exhausted.
    public static func pipe() -> DescriptorPair? {
        var ends: [Int32] = [-1, -1]
        return clinux_pipe(&ends) == 0 ? DescriptorPair(first: ends[0], second: ends[1]) : nil
    }

    /// Creates two connected Unix sockets (socketpair(2)); `nil` with `errno` if descriptors are exhausted.
    public static func connection() -> DescriptorPair? {
        var ends: [Int32] = [-1, -1]
        return clinux_socket_pair(&ends) == 0 ? DescriptorPair(first: ends[0], second: ends[1]) : nil
    }
}
