internal import Glibc
internal import KeyringProtocol
internal import SecretMemory

/// The helper's input of jobs and output of replies: standard input and output.
///
/// The agent passes a socket, on which messages are frames. For a user or a script, a pipe or file holds one job as
/// JSON, and the reply is JSON.
struct AgentChannel {
    private let isFramed: Bool

    /// POLLRDHUP of poll(2), missing in Swift's Glibc.
    private static let hangUp: Int16 = 0x2000

    init() {
        var status = stat()
        isFramed = fstat(STDIN_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Reports that this process is protected, on a socket only. False if the agent has ended.
    func greet() -> Bool { !isFramed || write(WipedBytes(KeyringGreeting.message)) }

    /// Reads the next message; `nil` at the end, or if it is not a frame.
    func read() -> WipedBytes? {
        guard isFramed else {
            let bytes = read(atMost: KeyringLimits.message + 1)
            return bytes.isEmpty || bytes.count > KeyringLimits.message ? nil : bytes
        }
        let header = read(atMost: KeyringFrame.headerSize)
        guard let length = KeyringFrame.length(header) else { return nil }
        let bytes = read(atMost: length)
        return bytes.count == length ? bytes : nil
    }

    /// Writes a message; false if the agent has ended.
    func write(_ message: WipedBytes) -> Bool {
        guard isFramed else { return writeAll(message) && writeAll(WipedBytes(Array("\n".utf8))) }
        return writeAll(WipedBytes(KeyringFrame.header(of: message.count))) && writeAll(message)
    }

    /// Whether further jobs, and replies before the final one, are possible.
    var takesMore: Bool { isFramed }

    /// Whether the reply will be read: the kernel closes the agent's end when the agent ends.
    var isAwaited: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) == 0
    }

    /// Waits for a job without a time limit; false if the agent or the bus has ended.
    func waitForJob(whileOpen bus: Int32) -> Bool {
        var sources = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            // GLib's own thread reads the bus: only its end matters here.
            pollfd(fd: bus, events: Self.hangUp, revents: 0),
        ]
        while poll(&sources, 2, -1) < 0 { guard errno == EINTR else { return false } }
        // The end of the agent makes the socket readable as well.
        return sources[1].revents == 0 && sources[0].revents & Int16(POLLIN | POLLHUP) == Int16(POLLIN)
    }

    private func read(atMost wanted: Int) -> WipedBytes {
        var bytes = WipedBytes()
        var chunk = WipedBuffer(size: 64 * 1024)
        while bytes.count < wanted {
            let count = chunk.withBytes {
                Glibc.read(STDIN_FILENO, $0.baseAddress, min($0.count, wanted - bytes.count))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            chunk.withBytes { bytes.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        }
        return bytes
    }

    private func writeAll(_ bytes: WipedBytes) -> Bool {
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
