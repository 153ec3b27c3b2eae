internal import AgentAPI
internal import Synchronization
internal import System

/// Hands responses of the browser over to the agent, one at a time, and never on the thread that attends to signals.
final class ResponseRelay: Sendable {
    /// How a response came, and what the agent said to it.
    struct Outcome: Sendable {
        let isPasted: Bool
        /// Why it was not accepted; `nil` if it was.
        let objection: String?
    }

    private let handover: ResponseHandover
    private let signal: EventBell
    private let turn = Mutex(())
    private let outcomes = Mutex<[Outcome]>([])

    /// Beyond it, outcomes are dropped: any user of the machine can send responses to a listener.
    private static let mostOutcomes = 16

    init(_ handover: ResponseHandover) throws(Failure) {
        self.handover = handover
        do throws(LocalSocketError) { signal = try EventBell() } catch { throw Failure(error) }
    }

    /// Readable while `take` has something.
    var bell: Int32 { signal.descriptor }

    /// Returns what has become of the responses since the last call.
    func take() -> [Outcome] {
        signal.answer()
        return outcomes.withLock { outcomes in
            defer { outcomes = [] }
            return outcomes
        }
    }

    /// Starts to hand a pasted response over.
    func start(_ response: String) {
        let isStarted = WorkerThread.start(named: "response") { _ = self.give(response, isPasted: true) }
        if !isStarted { report(Outcome(isPasted: true, objection: "the system has no more threads")) }
    }

    /// Hands a response over, and waits for the agent. Returns whether it is the login's, and whether that goes on.
    func give(_ response: String, isPasted: Bool) -> (isAccepted: Bool, isRefusal: Bool) {
        let reply: LoginResponseReply
        do { reply = try turn.withLock { _ in try handover.give(response) } } catch {
            report(Outcome(isPasted: isPasted, objection: Console.line(Failure(any: error))))
            return (false, false)
        }
        let objection = reply.accepted ? nil : reply.detail ?? ResponseHandover.foreign
        report(Outcome(isPasted: isPasted, objection: objection))
        return (reply.accepted, reply.accepted && reply.detail != nil)
    }

    /// Reports a response that is not handed over.
    func report(_ outcome: Outcome) {
        outcomes.withLock { if $0.count < Self.mostOutcomes || outcome.isPasted { $0.append(outcome) } }
        signal.ring()
    }
}
