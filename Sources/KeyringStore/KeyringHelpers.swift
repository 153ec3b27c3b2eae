internal import Dispatch
internal import KeyringRecords
internal import SecretMemory
internal import Synchronization

/// Runs jobs with the keyring: a helper for each, or one that stays, where the keyring unlocks items for one client at a
/// time. Each job has its deadline, after which its helper is killed.
final class KeyringHelpers: Sendable {
    private struct Kept {
        /// Between jobs.
        var helper: KeyringHelper?
        /// The last helper stayed: jobs take turns.
        var isOne = false
    }

    private let program: HelperProgram
    private let deadline: Duration
    private let kept = Mutex(Kept())
    /// The jobs of a helper that stays.
    private let turns = DispatchQueue(label: "authagent.keyring.turns")

    init(path: String, environment: [String: String], deadline: Duration) {
        program = HelperProgram(path: path, environment: environment)
        self.deadline = deadline
    }

    func run(_ job: KeyringJob) async -> KeyringOutcome {
        guard let message = try? KeyringMessage.encode(job) else { return .failed("the job cannot be written") }
        // Waiting for a turn counts: what hangs holds all jobs up together.
        let errand = KeyringErrand(message, until: .now + deadline)
        // A queue of its own has a thread at once, which may block.
        let queue = kept.withLock { $0.isOne } ? turns : DispatchQueue(label: "authagent.keyring")
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                errand.await(continuation)
                queue.async {
                    let outcome = self.run(errand)
                    DeadStack.clear()
                    errand.finish(outcome)
                }
            }
        } onCancel: {
            errand.cancel()
        }
    }

    private func run(_ errand: KeyringErrand) -> KeyringOutcome {
        if let helper = kept.withLock({ $0.helper.take() }) {
            do throws(KeyringHelper.Failure) {
                return done(try errand.perform(with: helper, isShared: true), helper)
            } catch {
                // It was killed, or its bus ended, while it waited: the job goes to a new one.
                guard case .ended = error else { return outcome(error, of: errand) }
            }
        }
        do throws(KeyringHelper.Failure) {
            guard errand.deadline > .now else { throw .timedOut }
            let helper = try KeyringHelper(program, until: errand.deadline)
            return done(try errand.perform(with: helper, isShared: false), helper)
        } catch {
            return outcome(error, of: errand)
        }
    }

    private func done(_ reply: KeyringReply, _ helper: KeyringHelper) -> KeyringOutcome {
        let isKept = kept.withLock { kept in
            kept.isOne = reply.stays == true
            // Jobs that began before the first one stayed may have left another.
            guard kept.isOne, kept.helper == nil else { return false }
            kept.helper = helper
            return true
        }
        if !isKept { helper.end() }
        return KeyringOutcome(reply: reply)
    }

    private func outcome(_ failure: KeyringHelper.Failure, of errand: KeyringErrand) -> KeyringOutcome {
        let again = "is it of the same version?"
        var outcome =
            switch failure {
            case .noDescriptor: KeyringOutcome.failed("there is no descriptor for the keyring helper")
            case .cannotRun: KeyringOutcome.failed("the keyring helper \(program.path) cannot be run")
            case .notUnderstood: KeyringOutcome.failed("the keyring helper's answer is not understood; \(again)")
            case .silent:
                KeyringOutcome.failed("the keyring helper did not begin within \(seconds) s; \(again)")
            case .ended(let way):
                KeyringOutcome.failed(
                    "the keyring helper ended early\(way.map { " (\($0))" } ?? ""); \(again)")
            case .timedOut: KeyringOutcome.hung("the keyring did not answer within \(seconds) s")
            }
        outcome.reply.program = errand.program
        return outcome
    }

    private var seconds: Int64 { deadline.components.seconds }
}
