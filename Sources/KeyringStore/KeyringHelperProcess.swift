internal import AgentAPI
internal import FoundationEssentials
internal import KeyringRecords
internal import Subprocess
internal import SystemPackage

/// What became of a job: the helper's answer, or that there was none in time.
struct KeyringOutcome: Sendable {
    var reply: KeyringReply
    var isHung = false

    var detail: String? { reply.detail }

    var storeState: StoreState {
        if isHung { return .hung }
        return switch reply.state {
        case .ok: .ok
        case .locked: .locked
        case .noProvider: .noProvider
        case .noBus: .noBus
        case .failed: .failed
        }
    }

    static func failed(_ detail: String) -> KeyringOutcome {
        KeyringOutcome(reply: KeyringReply(state: .failed, detail: detail))
    }
}

/// Runs the keyring helper: one process per job, killed at the deadline.
///
/// The helper links libsecret, which can block for 50 s or end its process; here that is a deadline and an exit code.
struct KeyringHelperProcess: Sendable {
    private let path: String
    private let environment: [Environment.Key: String]
    private let deadline: Duration

    /// What it takes to find the session bus, and nothing else of the daemon's.
    private static let passedOn = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME", "LANG"]

    init(path: String, environment: [String: String], deadline: Duration) {
        self.path = path
        self.deadline = deadline
        self.environment = Dictionary(
            uniqueKeysWithValues: Self.passedOn.compactMap { name in
                environment[name].map { (Environment.Key(stringLiteral: name), $0) }
            }
        )
    }

    func run(_ job: KeyringJob) async -> KeyringOutcome {
        guard let input = try? JSONEncoder().encode(job) else { return .failed("the job cannot be written") }
        return await withTaskGroup(of: KeyringOutcome.self) { group in
            group.addTask { await exchange([UInt8](input)) }
            group.addTask {
                do { try await Task.sleep(for: deadline) } catch { return .failed("cancelled") }
                return KeyringOutcome(
                    reply: KeyringReply(
                        state: .failed, detail: "the keyring did not answer within \(deadline.components.seconds) s"
                    ),
                    isHung: true
                )
            }
            // Cancelling the other child kills the helper.
            defer { group.cancelAll() }
            return await group.next() ?? .failed("the keyring helper did not run")
        }
    }

    private func exchange(_ input: [UInt8]) async -> KeyringOutcome {
        guard let job = JobFile(input) else { return .failed("there is no memory for the keyring's job") }
        do {
            let result = try await Subprocess.run(
                .path(FilePath(path)), environment: .custom(environment),
                input: .fileDescriptor(FileDescriptor(rawValue: job.descriptor), closeAfterSpawningProcess: false),
                output: .bytes(limit: KeyringLimits.message), error: .discarded
            )
            guard case .exited(0) = result.terminationStatus else {
                return .failed("the keyring helper ended early (\(result.terminationStatus))")
            }
            guard let reply = try? JSONDecoder().decode(KeyringReply.self, from: Data(result.standardOutput)) else {
                return .failed("the keyring helper's answer is not understood; is it of the same version?")
            }
            return KeyringOutcome(reply: reply)
        } catch {
            return .failed("the keyring helper \(path) cannot be run")
        }
    }
}
