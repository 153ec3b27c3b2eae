internal import Glibc

/// Files of proc(5): short, made by the kernel at the moment of reading.
enum ProcessFile {
    /// Nil when it cannot be read, or is longer than anything the kernel writes there.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var room = min(1024, limit)
        // One more read than there is content, because a short read is not the end.
        while true {
            let start = bytes.count
            guard start < limit else { return nil }
            bytes += repeatElement(0, count: min(room, limit - start))
            let count = bytes[start...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return nil }
            bytes.removeLast(bytes.count - start - max(0, count))
            if count == 0 { return bytes }
            room *= 2
        }
    }

    /// What a symbolic link says; nil when it cannot be read, or is longer than a path.
    static func link(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(path, start.assumingMemoryBound(to: CChar.self), buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
