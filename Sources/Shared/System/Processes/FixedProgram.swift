internal import CLinux

/// The path of the keyring helper at addresses by which a filter of system calls can tell it (seccomp(2)).
public enum FixedProgram {
    /// Fixes the path, once. Returns the addresses of the paths with which the helper is started; `nil` if no memory is
    /// left.
    public static func fix(_ path: String) -> [UInt]? {
        var addresses: (UInt, UInt) = (0, 0)
        let result = withUnsafeMutableBytes(of: &addresses) { bytes in
            bytes.baseAddress.map { clinux_fix_helper(path, $0.assumingMemoryBound(to: UInt.self)) } ?? -1
        }
        return result == 0 ? [addresses.0, addresses.1] : nil
    }
}
