internal import KeyringProtocol
internal import SecretMemory
internal import System

/// A running keyring helper and the exchange of messages with it; the end of this value kills the helper.
///
/// libsecret can block for 50 s or end its process. In a helper this costs a deadline or one process.
final class KeyringHelper: Sendable {
    enum Failure: Error {
        /// The helper ended before it replied, with a description of its end if there is one.
        case ended(String?)
        case cannotRun
        case noDescriptor
        /// The helper did not send its greeting in time.
        case silent
        /// The keyring did not reply in time.
        case timedOut
        case notUnderstood
    }

    private let process: HelperProcess
    private let channel: HelperChannel

    /// Starts the helper and waits for its greeting. Before the greeting the helper is not protected: another program
    /// of the same user could read its job or take over its input.
    init(_ program: HelperProgram, until deadline: ContinuousClock.Instant) throws(Failure) {
        guard let ends = DescriptorPair.connection() else { throw .noDescriptor }
        channel = HelperChannel(Descriptor(owning: ends.first))
        do {
            // Closed in the agent after the start, so that the helper's end closes the connection.
            let other = Descriptor(owning: ends.second)
            guard let started = program.start(channel: other) else { throw .cannotRun }
            process = started
        }
        do throws(HelperChannel.Failure) {
            let greeting = try channel.receive(limit: KeyringGreeting.limit, until: deadline)
            guard greeting.elementsEqual(KeyringGreeting.message) else { throw .notUnderstood }
        } catch {
            switch error {
            case .ended: throw .ended(endDescription())
            case .notUnderstood: throw .notUnderstood
            case .timedOut: throw .silent
            }
        }
    }

    /// Sends a job and returns the reply. `asking` receives the name of the keyring program, if it is known.
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
            case .ended: throw .ended(endDescription())
            case .notUnderstood: throw .notUnderstood
            case .timedOut: throw .timedOut
            }
        }
    }

    /// Gives the helper a moment to close its bus connection after its last job.
    func end() { _ = process.end(until: .now + .seconds(1)) }

    /// Ends pending calls; the helper sees the end of its input.
    func cancel() { channel.cancel() }

    private func receive(until deadline: ContinuousClock.Instant) throws(HelperChannel.Failure) -> KeyringReply {
        let bytes = try channel.receive(limit: KeyringLimits.message, until: deadline)
        guard let reply = KeyringMessage.reply(bytes) else { throw .notUnderstood }
        return reply
    }

    /// The helper has closed its end or the caller has cancelled: a process that still runs is killed.
    private func endDescription() -> String? { process.end(until: .now + .seconds(1)) }
}
