internal import KeyringProtocol
internal import SecretMemory
internal import Synchronization

/// A running keyring job, with its caller and the way to cancel it.
final class KeyringJobRun: Sendable {
    private struct State {
        var continuation: CheckedContinuation<KeyringOutcome, Never>?
        /// A helper used by this job only.
        var own: KeyringHelper?
        var isCancelled = false
    }

    private let job: WipedBytes
    let begin = ContinuousClock.now
    private let state = Mutex(State())

    /// The keyring program reported last by any job: a job waiting for its turn waits for the same program.
    private let reported: ReportedProgram

    init(_ job: WipedBytes, reported: ReportedProgram) {
        self.job = job
        self.reported = reported
    }

    /// The keyring program; `nil` if it is not known.
    var program: String? { reported.name.withLock { $0 } }
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Blocks until the helper has replied. Cancelling the job leaves a shared helper running, because the user's
    /// permission to read items belongs to its connection.
    func perform(
        with helper: KeyringHelper, until deadline: ContinuousClock.Instant, isShared: Bool
    ) throws(KeyringHelper.Failure) -> KeyringReply {
        let isGivenUp = state.withLock { state in
            if !isShared { state.own = helper }
            return state.isCancelled && !isShared
        }
        if isGivenUp { helper.cancel() }
        defer { state.withLock { $0.own = nil } }
        return try helper.perform(job, until: deadline) { program in reported.name.withLock { $0 = program } }
    }

    func await(_ continuation: CheckedContinuation<KeyringOutcome, Never>) {
        let isCancelled = state.withLock { state in
            state.continuation = continuation
            return state.isCancelled
        }
        if isCancelled { giveUp() }
    }

    func finish(_ outcome: KeyringOutcome) {
        state.withLock { $0.continuation.take() }?.resume(returning: outcome)
    }

    /// Cancels the job: the caller no longer waits.
    func cancel() {
        let helper = state.withLock { state in
            state.isCancelled = true
            return state.own
        }
        helper?.cancel()
        giveUp()
    }

    private func giveUp() {
        var outcome = KeyringOutcome.hung("the keyring did not answer in time")
        outcome.reply.program = program
        finish(outcome)
    }
}

/// The keyring program, as last reported by a helper.
final class ReportedProgram: Sendable {
    let name = Mutex<String?>(nil)
}
