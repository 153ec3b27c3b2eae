internal import CEarlyProtection
internal import CLinux
internal import CWipingHeap
internal import FoundationEssentials
internal import Glibc
internal import KeyringRecords
internal import SecretMemory

/// Does one job with the desktop keyring and ends. Everything that libsecret, GLib and the session bus can do to a
/// process happens here, and not in the daemon that serves tokens.
@main
enum KeyringHelper {
    static func main() {
        early_protection()
        wiping_heap()
        ProcessProtection.apply()
        // It may run from a copy in memory, whose name would be a number.
        clinux_name_process("authagent-keyri")
        // The agent kills a helper that hangs; one whose agent was killed itself ends by this.
        alarm(longestLife)
        // A file backend would be a silent fallback, and aborts on a damaged file; debug output would show secrets.
        for name in ["SECRET_BACKEND", "G_MESSAGES_DEBUG", "G_DBUS_DEBUG"] { unsetenv(name) }
        if CommandLine.arguments.dropFirst().elementsEqual(["check"]) { exit(UnlockCheck.run()) }
        signal(SIGPIPE, SIG_IGN)
        // Not before: the job has a refresh token in it, and so far others of this user could have looked in.
        guard AgentChannel.write(WipedBytes(KeyringGreeting.message)) else { exit(1) }
        guard let input = AgentChannel.read(), let job = decode(input) else {
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
        guard isAwaited else { throw KeyringFailure(state: .failed, detail: "the agent is gone") }
        switch job {
        case .probe: return KeyringReply(state: .ok, hasCollection: true)
        case .load: return KeyringReply(state: .ok, records: try keyring.records())
        case .save(let record): try keyring.save(record)
        case .remove(let account, let purpose): try keyring.remove(account: account, purpose: purpose)
        }
        return KeyringReply(state: .ok)
    }

    /// Whether the answer will be read: the kernel closes the other end of the connection with its agent.
    private static var isAwaited: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) == 0
    }

    private static func decode(_ bytes: WipedBytes) -> KeyringJob? {
        bytes.withBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            let data = Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
            return try? JSONDecoder().decode(KeyringJob.self, from: data)
        }
    }

    private static func answer(_ reply: KeyringReply) {
        guard let data = try? JSONEncoder().encode(reply), AgentChannel.write(WipedBytes(data)) else { exit(1) }
    }
}

/// Why a job was not done.
struct KeyringFailure: Error {
    var state: KeyringReply.State
    var detail: String
    /// Nil: not known.
    var hasCollection: Bool?
}
