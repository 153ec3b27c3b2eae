internal import Glibc
internal import KeyringRecords
internal import SecretMemory

/// The connection to the agent: standard input and output, in frames.
enum AgentChannel {
    /// The next message; `nil` at the end, or for what is not a frame.
    static func read() -> WipedBytes? {
        guard let header = read(count: KeyringFrame.headerSize), let length = KeyringFrame.length(header) else {
            return nil
        }
        return read(count: length)
    }

    /// False when the agent is gone.
    static func write(_ message: WipedBytes) -> Bool {
        writeAll(WipedBytes(KeyringFrame.header(of: message.count))) && writeAll(message)
    }

    private static func read(count wanted: Int) -> WipedBytes? {
        var bytes = WipedBytes()
        var chunk = WipedBuffer(size: 64 * 1024)
        while bytes.count < wanted {
            let count = chunk.withBytes {
                Glibc.read(STDIN_FILENO, $0.baseAddress, min($0.count, wanted - bytes.count))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            chunk.withBytes { bytes.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        }
        return bytes
    }

    private static func writeAll(_ bytes: WipedBytes) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
