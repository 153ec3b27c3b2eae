internal import KeyringProtocol
internal import SecretMemory
internal import Synchronization

/// One job on its way: who waits for it, what is known of it, and how it is given up.
final class KeyringErrand: Sendable {
    private struct State {
        var continuation: CheckedContinuation<KeyringOutcome, Never>?
        /// One that ends with this job.
        var own: KeyringHelper?
        var isCancelled = false
    }

    private let job: WipedBytes
    let begin = ContinuousClock.now
    private let state = Mutex(State())

    /// The program that was asked last, by whichever job: one that waits for its turn is held up by the same.
    private let asked: AskedProgram

    init(_ job: WipedBytes, asked: AskedProgram) {
        self.job = job
        self.asked = asked
    }

    /// The program that was asked, if that is known.
    var program: String? { asked.name.withLock { $0 } }
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Blocks until there is an answer. A helper that is shared goes on when this job is given up: with it would go what
    /// a person has allowed it.
    func perform(
        with helper: KeyringHelper, until deadline: ContinuousClock.Instant, isShared: Bool
    ) throws(KeyringHelper.Failure) -> KeyringReply {
        let isGivenUp = state.withLock { state in
            if !isShared { state.own = helper }
            return state.isCancelled && !isShared
        }
        if isGivenUp { helper.cancel() }
        defer { state.withLock { $0.own = nil } }
        return try helper.perform(job, until: deadline) { program in asked.name.withLock { $0 = program } }
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

    /// The caller does not wait any more.
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

/// The program that provides the keyring, as far as a helper has said.
final class AskedProgram: Sendable {
    let name = Mutex<String?>(nil)
}
