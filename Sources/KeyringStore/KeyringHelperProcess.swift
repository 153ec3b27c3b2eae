internal import CLinux
internal import Dispatch
internal import FoundationEssentials
internal import KeyringRecords
internal import LocalSocket
internal import SecretMemory

/// Runs the keyring helper: one process per job, killed at the deadline.
///
/// The helper links libsecret, which can block for 50 s or end its process; here that is a deadline and an end.
struct KeyringHelperProcess: Sendable {
    private let program: HelperProgram
    private let deadline: Duration

    init(path: String, environment: [String: String], deadline: Duration) {
        program = HelperProgram(path: path, environment: environment)
        self.deadline = deadline
    }

    func run(_ job: KeyringJob) async -> KeyringOutcome {
        guard let message = try? KeyringMessage.encode(job) else { return .failed("the job cannot be written") }
        var ends: [Int32] = [-1, -1]
        guard clinux_socket_pair(&ends) == 0 else { return .failed("there is no descriptor for the keyring helper") }
        let channel = HelperChannel(Descriptor(owning: ends[0]), until: .now + deadline)
        // Closed by the thread that gives it to the helper.
        let other = ends[1]
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A queue of its own has a thread at once, which may block.
                DispatchQueue(label: "authagent.keyring").async {
                    let outcome = exchange(message, channel, other)
                    DeadStack.clear()
                    continuation.resume(returning: outcome)
                }
            }
        } onCancel: {
            channel.cancel()
        }
    }

    /// The job is sent once the helper has said that it is protected: before, another program of the same user could look
    /// into it, or have its input.
    private func exchange(_ job: WipedBytes, _ channel: HelperChannel, _ other: Int32) -> KeyringOutcome {
        let process: HelperProcess
        do {
            // Closed here after the start, so that the helper's end is the connection's.
            let end = Descriptor(owning: other)
            guard let started = program.start(channel: end) else {
                return .failed("the keyring helper \(program.path) cannot be run")
            }
            process = started
        }
        do throws(HelperChannel.Failure) {
            guard try channel.receive(limit: KeyringGreeting.limit).elementsEqual(KeyringGreeting.message) else {
                throw .notUnderstood
            }
        } catch {
            switch error {
            case .ended: return .failed(early(process))
            case .notUnderstood: return .failed(Self.otherVersion)
            case .timedOut:
                return .failed("the keyring helper did not begin within \(seconds) s; is it of the same version?")
            }
        }
        do throws(HelperChannel.Failure) {
            try channel.send(job)
            let bytes = try channel.receive(limit: KeyringLimits.message)
            guard let reply = KeyringMessage.reply(bytes) else { throw .notUnderstood }
            // Its work is done; it has a moment to close its connection to the bus.
            _ = process.end(until: .now + .seconds(1))
            return KeyringOutcome(reply: reply)
        } catch {
            switch error {
            case .ended: return .failed(early(process))
            case .notUnderstood: return .failed(Self.otherVersion)
            case .timedOut:
                return KeyringOutcome(
                    reply: KeyringReply(state: .failed, detail: "the keyring did not answer within \(seconds) s"),
                    isHung: true)
            }
        }
    }

    private static let otherVersion = "the keyring helper's answer is not understood; is it of the same version?"

    private var seconds: Int64 { deadline.components.seconds }

    /// It has closed its end, or the caller has given up: what still runs is killed.
    private func early(_ process: borrowing HelperProcess) -> String {
        let end = process.end(until: .now + .seconds(1)).map { " (\($0))" } ?? ""
        return "the keyring helper ended early\(end); is it of the same version?"
    }
}

/// What a helper is sent and answers, in memory that is wiped.
enum KeyringMessage {
    static func encode(_ job: KeyringJob) throws -> WipedBytes { WipedBytes(try JSONEncoder().encode(job)) }

    static func reply(_ bytes: WipedBytes) -> KeyringReply? {
        bytes.withBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            let data = Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
            return try? JSONDecoder().decode(KeyringReply.self, from: data)
        }
    }
}
