internal import CLinux
internal import Glibc

/// A job as a file in memory that the helper reads as its input: locked, so that it is not swapped, and wiped at the end.
///
/// Not a pipe: swift-subprocess 1.0 ends this whole process when a program ends before it has read all of its input.
struct JobFile: ~Copyable {
    let descriptor: Int32
    private let memory: UnsafeMutableRawPointer
    private let count: Int

    /// Nil when there is no memory or no descriptor to be had.
    init?(_ bytes: [UInt8]) {
        let descriptor = clinux_memory_file()
        guard descriptor >= 0 else { return nil }
        guard !bytes.isEmpty, ftruncate(descriptor, bytes.count) == 0,
            let memory = mmap(nil, bytes.count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            memory != MAP_FAILED
        else {
            _ = close(descriptor)
            return nil
        }
        // Where RLIMIT_MEMLOCK is too small the daemon has said so at its start.
        _ = mlock(memory, bytes.count)
        bytes.withUnsafeBytes {
            memory.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: bytes.count)
        }
        (self.descriptor, self.memory, count) = (descriptor, memory, bytes.count)
    }

    deinit {
        explicit_bzero(memory, count)
        munmap(memory, count)
        _ = close(descriptor)
    }
}
