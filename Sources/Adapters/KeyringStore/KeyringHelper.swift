internal import KeyringProtocol
internal import SecretMemory
internal import System

/// A keyring helper that runs, and what is said between it and the agent. It is killed with this value.
///
/// The helper links libsecret, which can block for 50 s or end its process; here that is a deadline and an end.
final class KeyringHelper: Sendable {
    enum Failure: Error {
        /// It ended before it answered; the way it ended in words, if that is known.
        case ended(String?)
        case cannotRun
        case noDescriptor
        /// It did not begin in time.
        case silent
        /// The keyring did not answer in time.
        case timedOut
        case notUnderstood
    }

    private let process: HelperProcess
    private let channel: HelperChannel

    /// Starts the program, and waits until it has said that it is protected: before, another program of the same user
    /// could look into its job, or have its input.
    init(_ program: HelperProgram, until deadline: ContinuousClock.Instant) throws(Failure) {
        guard let ends = DescriptorPair.connection() else { throw .noDescriptor }
        channel = HelperChannel(Descriptor(owning: ends.first))
        do {
            // Closed here after the start, so that the helper's end is the connection's.
            let other = Descriptor(owning: ends.second)
            guard let started = program.start(channel: other) else { throw .cannotRun }
            process = started
        }
        do throws(HelperChannel.Failure) {
            let greeting = try channel.receive(limit: KeyringGreeting.limit, until: deadline)
            guard greeting.elementsEqual(KeyringGreeting.message) else { throw .notUnderstood }
        } catch {
            switch error {
            case .ended: throw .ended(wayOfEnd())
            case .notUnderstood: throw .notUnderstood
            case .timedOut: throw .silent
            }
        }
    }

    /// Sends a job and returns its answer. `asking` gets the name of the program that is asked meanwhile, if that is
    /// known.
    func perform(
        _ job: WipedBytes, until deadline: ContinuousClock.Instant, asking: (String?) -> Void
    ) throws(Failure) -> KeyringReply {
        do throws(HelperChannel.Failure) {
            try channel.send(job, until: deadline)
            var reply = try receive(until: deadline)
            if reply.state == .asking {
                asking(reply.program)
                reply = try receive(until: deadline)
            }
            guard reply.state != .asking else { throw .notUnderstood }
            return reply
        } catch {
            switch error {
            case .ended: throw .ended(wayOfEnd())
            case .notUnderstood: throw .notUnderstood
            case .timedOut: throw .timedOut
            }
        }
    }

    /// Gives a helper whose work is done a moment to close its connection to the bus.
    func end() { _ = process.end(until: .now + .seconds(1)) }

    /// Ends what is waited for here; the helper sees the end of its jobs.
    func cancel() { channel.cancel() }

    private func receive(until deadline: ContinuousClock.Instant) throws(HelperChannel.Failure) -> KeyringReply {
        let bytes = try channel.receive(limit: KeyringLimits.message, until: deadline)
        guard let reply = KeyringMessage.reply(bytes) else { throw .notUnderstood }
        return reply
    }

    /// It has closed its end, or the caller has given up: what still runs is killed.
    private func wayOfEnd() -> String? { process.end(until: .now + .seconds(1)) }
}
