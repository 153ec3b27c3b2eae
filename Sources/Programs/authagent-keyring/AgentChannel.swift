internal import Glibc
internal import KeyringProtocol
internal import SecretMemory

/// Where jobs come from and answers go: standard input and output.
///
/// The agent gives a socket, on which messages are frames. A person or a script gives one job as JSON in a pipe or a
/// file, and gets JSON.
struct AgentChannel {
    private let isFramed: Bool

    /// POLLRDHUP of poll(2), which Swift's Glibc leaves out.
    private static let hangUp: Int16 = 0x2000

    init() {
        var status = stat()
        isFramed = fstat(STDIN_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Says that this process is protected; a person does not wait for it. False when the agent is gone.
    func greet() -> Bool { !isFramed || write(WipedBytes(KeyringGreeting.message)) }

    /// The next message; `nil` at the end, or for what is not a frame.
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

    /// False when the agent is gone.
    func write(_ message: WipedBytes) -> Bool {
        guard isFramed else { return writeAll(message) && writeAll(WipedBytes(Array("\n".utf8))) }
        return writeAll(WipedBytes(KeyringFrame.header(of: message.count))) && writeAll(message)
    }

    /// Whether there can be a job after the first one, and an answer before the last one.
    var takesMore: Bool { isFramed }

    /// Whether the answer will be read: the kernel closes the other end of the connection with its agent.
    var isAwaited: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) == 0
    }

    /// Waits without a limit until there is a job; false when the agent or the bus has ended instead.
    func waitForJob(whileOpen bus: Int32) -> Bool {
        var sources = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            // GLib's thread reads what comes here: only the end matters.
            pollfd(fd: bus, events: Self.hangUp, revents: 0),
        ]
        while poll(&sources, 2, -1) < 0 { guard errno == EINTR else { return false } }
        // The agent's end is readable as well.
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
