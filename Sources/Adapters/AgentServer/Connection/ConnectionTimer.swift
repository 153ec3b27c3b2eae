internal import NIOCore

/// The time limit of a connection's phase, with at most one scheduled task per connection and none per request.
final class ConnectionTimer {
    enum Phase {
        /// Between requests; after `ServerLimits.returnTime` it may return to the lane.
        case idle
        /// Between requests for longer.
        case longIdle
        /// A request has begun.
        case receiving
        /// The agent works on the reply.
        case answering
        /// A reply has been written that the client has not read yet.
        case sending

        var isBetweenRequests: Bool { self == .idle || self == .longIdle }
    }

    private let limits: ServerLimits
    private let eventLoop: any EventLoop
    /// Called when the phase exceeds its limit.
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

    /// Enters a phase. `now` saves reading the clock, which costs as much as the rest of this function.
    func enter(_ phase: Phase, at now: NIODeadline? = nil) {
        self.phase = phase
        guard !isStopped else { return }
        deadline = limit(of: phase).map { (now ?? .now()) + $0 }
        arm()
    }

    /// Cancels the timer when the connection ends, and breaks the reference cycle with it.
    func stop() {
        isStopped = true
        timer?.cancel()
        timer = nil
        deadline = nil
        expired = { _ in }
    }

    /// `nil` for answers: the request handler limits them, and a login waits for the user.
    private func limit(of phase: Phase) -> TimeAmount? {
        switch phase {
        case .idle: TimeAmount(min(limits.returnTime, limits.idleTime))
        case .longIdle: TimeAmount(max(.zero, limits.idleTime - limits.returnTime))
        case .receiving: TimeAmount(limits.requestTime)
        case .answering: nil
        case .sending: TimeAmount(limits.writeTime)
        }
    }

    /// Schedules the timer. One that is set too early is rescheduled when it fires; only one set too late is replaced.
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
