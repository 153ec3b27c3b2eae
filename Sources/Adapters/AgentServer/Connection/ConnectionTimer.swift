internal import NIOCore

/// Watches how long a connection stays in one phase, with at most one timer per connection and none per request.
final class ConnectionTimer {
    enum Phase {
        /// No request is under way; the client may send one.
        case idle
        /// A request has begun.
        case receiving
        /// A reply is being made.
        case answering
        /// A reply has been written that the client has not taken yet.
        case sending
    }

    private let limits: ServerLimits
    private let eventLoop: any EventLoop
    /// Set by whoever ends the connection then.
    var expired: (Phase) -> Void = { _ in }
    private(set) var phase = Phase.idle
    private var deadline: NIODeadline?
    private var timer: Scheduled<Void>?
    private var armedFor: NIODeadline?
    private var isStopped = false

    /// Used on the event loop only.
    init(_ limits: ServerLimits, eventLoop: any EventLoop) {
        self.limits = limits
        self.eventLoop = eventLoop
    }

    /// Whoever knows what time it is says so: a look at the clock costs as much as all else here.
    func enter(_ phase: Phase, at now: NIODeadline? = nil) {
        self.phase = phase
        guard !isStopped else { return }
        deadline = limit(of: phase).map { (now ?? .now()) + $0 }
        arm()
    }

    /// The connection is over: lets go of it, because it holds this timer.
    func stop() {
        isStopped = true
        timer?.cancel()
        timer = nil
        deadline = nil
        expired = { _ in }
    }

    /// Answers are bounded by who makes them; a login waits for a person.
    private func limit(of phase: Phase) -> TimeAmount? {
        switch phase {
        case .idle: TimeAmount(limits.idleTime)
        case .receiving: TimeAmount(limits.requestTime)
        case .answering: nil
        case .sending: TimeAmount(limits.writeTime)
        }
    }

    /// A timer that is set for too early looks again when it fires; only one that is too late is set anew.
    private func arm() {
        guard let deadline else { return }
        if let armedFor, armedFor <= deadline { return }
        timer?.cancel()
        armedFor = deadline
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.fire() }
    }

    private func fire() {
        timer = nil
        armedFor = nil
        guard let deadline else { return }
        if NIODeadline.now() >= deadline { expired(phase) } else { arm() }
    }
}
