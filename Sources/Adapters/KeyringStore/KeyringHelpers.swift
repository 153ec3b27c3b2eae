internal import Dispatch
internal import KeyringProtocol
internal import SecretMemory
internal import Synchronization

/// Runs jobs with the keyring: a helper for each, or one that stays, where the keyring unlocks items for one client at a
/// time. Each job has its deadline, after which its helper is killed.
final class KeyringHelpers: Sendable {
    private struct Kept {
        /// Between jobs.
        var helper: KeyringHelper?
        /// Jobs take turns: the last helper stayed, or it is not known yet whether one does.
        var takesTurns = true
        /// When a job last missed its deadline.
        var lastHang: ContinuousClock.Instant?
    }

    private let program: HelperProgram
    private let deadline: Duration
    private let kept = Mutex(Kept())
    private let asked = AskedProgram()
    /// The jobs of a helper that stays.
    private let turns = DispatchQueue(label: "authagent.keyring.turns")

    init(path: String, environment: [String: String], deadline: Duration) {
        program = HelperProgram(path: path, environment: environment)
        self.deadline = deadline
    }

    func run(_ job: KeyringJob) async -> KeyringOutcome {
        guard let message = try? KeyringMessage.encode(job) else { return .failed("the job cannot be written") }
        let errand = KeyringErrand(message, asked: asked)
        // A queue of its own has a thread at once, which may block.
        let queue = kept.withLock { $0.takesTurns } ? turns : DispatchQueue(label: "authagent.keyring")
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
        // What hung while this job waited for its turn holds all up together, and not one after the other.
        let isHung = kept.withLock { kept in kept.lastHang.map { $0 > errand.begin } ?? false }
        if isHung || errand.isCancelled { return outcome(.timedOut, of: errand) }
        let deadline = ContinuousClock.now + deadline
        if let helper = kept.withLock({ $0.helper.take() }) {
            do throws(KeyringHelper.Failure) {
                return done(try errand.perform(with: helper, until: deadline, isShared: true), helper)
            } catch {
                // It was killed, or its bus ended, while it waited: the job goes to a new one.
                guard case .ended = error else { return outcome(error, of: errand) }
            }
        }
        do throws(KeyringHelper.Failure) {
            let helper = try KeyringHelper(program, until: deadline)
            return done(try errand.perform(with: helper, until: deadline, isShared: false), helper)
        } catch {
            return outcome(error, of: errand)
        }
    }

    private func done(_ reply: KeyringReply, _ helper: KeyringHelper) -> KeyringOutcome {
        let isKept = kept.withLock { kept in
            kept.takesTurns = reply.stays == true
            // Jobs that began before the first one stayed may have left another.
            guard kept.takesTurns, kept.helper == nil else { return false }
            kept.helper = helper
            return true
        }
        if !isKept {
            // One that would stay waits for jobs that do not come.
            if reply.stays == true { helper.cancel() }
            helper.end()
        }
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
        if case .timedOut = failure, !errand.isCancelled { kept.withLock { $0.lastHang = .now } }
        outcome.reply.program = errand.program
        return outcome
    }

    private var seconds: Int64 { deadline.components.seconds }
}
