internal import FoundationEssentials
internal import Glibc
internal import KeyringRecords
internal import SecretMemory

/// Does one job with the desktop keyring and ends. Everything that libsecret, GLib and the session bus can do to a
/// process happens here, and not in the daemon that serves tokens.
@main
enum KeyringHelper {
    static func main() {
        ProcessProtection.apply()
        // The agent kills a helper that hangs; one whose agent was killed itself ends by this.
        alarm(longestLife)
        // A file backend would be a silent fallback, and aborts on a damaged file; debug output would show secrets.
        for name in ["SECRET_BACKEND", "G_MESSAGES_DEBUG", "G_DBUS_DEBUG"] { unsetenv(name) }
        if CommandLine.arguments.dropFirst().elementsEqual(["check"]) { exit(UnlockCheck.run()) }
        guard let input = readAll(), let job = try? JSONDecoder().decode(KeyringJob.self, from: Data(input)) else {
            answer(KeyringReply(state: .failed, detail: "the keyring helper got no job"))
            exit(2)
        }
        do throws(KeyringFailure) {
            answer(try perform(job))
        } catch {
            answer(KeyringReply(state: error.state, detail: error.detail, hasCollection: error.hasCollection))
        }
    }

    /// Seconds; longer than the agent waits.
    private static let longestLife: UInt32 = 20

    private static func perform(_ job: KeyringJob) throws(KeyringFailure) -> KeyringReply {
        let bus = try SessionBus()
        let keyring = try Keyring(collection: try bus.unlockedCollection())
        // A keyring that hung lets go of its callers together: an agent that has died meanwhile may have a successor,
        // whose newer record must not be followed by this older one.
        guard isAnybodyWaiting else { throw KeyringFailure(state: .failed, detail: "the agent is gone") }
        switch job {
        case .probe: return KeyringReply(state: .ok, hasCollection: true)
        case .load: return KeyringReply(state: .ok, records: try keyring.records())
        case .save(let record): try keyring.save(record)
        case .remove(let account, let purpose): try keyring.remove(account: account, purpose: purpose)
        }
        return KeyringReply(state: .ok)
    }

    /// Whether the answer will be read: the kernel closes the other end of the pipe with its agent.
    private static var isAnybodyWaiting: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) == 0
    }

    private static func readAll() -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= KeyringLimits.message {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += chunk.prefix(count)
        }
        return nil
    }

    private static func answer(_ reply: KeyringReply) {
        guard let data = try? JSONEncoder().encode(reply) else { exit(1) }
        var rest = [UInt8](data)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { exit(1) }
            rest = rest.dropFirst(count)
        }
    }
}

/// Why a job was not done.
struct KeyringFailure: Error {
    var state: KeyringReply.State
    var detail: String
    /// Nil: not known.
    var hasCollection: Bool?
}
