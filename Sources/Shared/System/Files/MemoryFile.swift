internal import CLinux
internal import Glibc

/// A file in memory that a program gets as its input (memfd_create(2)).
///
/// Unlike a pipe, it needs no writer: a program that does not read it blocks nothing, and may open /dev/stdin again.
public enum MemoryFile {
    /// Returns a descriptor at the beginning of these bytes, which cannot be changed; `nil` with `errno` on failure.
    public static func holding(_ bytes: [UInt8]) -> Descriptor? {
        let raw = bytes.withUnsafeBytes { clinux_memory_file($0.baseAddress, $0.count) }
        return raw >= 0 ? Descriptor(owning: raw) : nil
    }

    /// Whether the open file is one as `holding` creates it, with at most `limit` bytes.
    public static func isSealed(_ file: borrowing Descriptor, limit: Int) -> Bool {
        var status = stat()
        return clinux_is_sealed(file.raw) != 0 && fstat(file.raw, &status) == 0 && status.st_size <= limit
    }
}
