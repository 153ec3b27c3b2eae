internal import Dispatch
internal import KeyringProtocol
internal import SecretMemory
internal import Synchronization

/// Runs keyring jobs: with one helper per job, or with one lasting helper if the keyring unlocks items per client. A
/// helper that misses its job's deadline is killed.
final class KeyringHelpers: Sendable {
    private struct Kept {
        /// The lasting helper between two jobs.
        var helper: KeyringHelper?
        /// Whether jobs run one after the other: the last helper stayed, or it is not known yet whether one does.
        var takesTurns = true
        /// The time when a job last missed its deadline.
        var lastHang: ContinuousClock.Instant?
    }

    private let program: HelperProgram
    private let deadline: Duration
    private let kept = Mutex(Kept())
    private let reported = ReportedProgram()
    /// The queue of jobs for a lasting helper.
    private let turns = DispatchQueue(label: "authagent.keyring.turns")

    init(path: String, environment: [String: String], deadline: Duration) {
        program = HelperProgram(path: path, environment: environment)
        self.deadline = deadline
    }

    func run(_ job: KeyringJob) async -> KeyringOutcome {
        guard let message = try? KeyringMessage.encode(job) else { return .failed("cannot encode the keyring job") }
        let errand = KeyringJobRun(message, reported: reported)
        // A queue per job has a thread at once, which may block.
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

    private func run(_ errand: KeyringJobRun) -> KeyringOutcome {
        // Jobs that waited behind a job that hung fail with it, instead of hanging one after the other.
        let isHung = kept.withLock { kept in kept.lastHang.map { $0 > errand.begin } ?? false }
        if isHung || errand.isCancelled { return outcome(.timedOut, of: errand) }
        let deadline = ContinuousClock.now + deadline
        if let helper = kept.withLock({ $0.helper.take() }) {
            do throws(KeyringHelper.Failure) {
                return done(try errand.perform(with: helper, until: deadline, isShared: true), helper)
            } catch {
                // The helper was killed, or lost its bus, while idle: a new helper runs the job.
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
            // Jobs started before the first helper stayed may have left another.
            guard kept.takesTurns, kept.helper == nil else { return false }
            kept.helper = helper
            return true
        }
        if !isKept {
            // A second lasting helper would wait for jobs that never come.
            if reply.stays == true { helper.cancel() }
            helper.end()
        }
        return KeyringOutcome(reply: reply)
    }

    private func outcome(_ failure: KeyringHelper.Failure, of errand: KeyringJobRun) -> KeyringOutcome {
        let again = "check that it has the same version"
        var outcome =
            switch failure {
            case .noDescriptor: KeyringOutcome.failed("no file descriptor is free for the keyring helper")
            case .cannotRun: KeyringOutcome.failed("cannot run the keyring helper \(program.path)")
            case .notUnderstood: KeyringOutcome.failed("cannot read the keyring helper's reply; \(again)")
            case .silent:
                KeyringOutcome.failed("the keyring helper did not start within \(seconds) s; \(again)")
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
