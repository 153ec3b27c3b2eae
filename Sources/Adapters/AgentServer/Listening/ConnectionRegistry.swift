internal import NIOConcurrencyHelpers
internal import NIOCore

/// The open connections: their number for each user, and their channels for a reload or a stop.
final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// By accountable user.
        var perUser: [UInt32: Int] = [:]
        var others = 0
        var notices = CapNotices()
        var refused: RefusedConnections
        var isStopping = false
        var whenEmpty: [EventLoopPromise<Void>] = []
    }

    private let state: NIOLockedValueBox<State>
    private let caps: ConnectionCaps
    private let owner: @Sendable () -> UInt32
    private let accountable: @Sendable (UInt32) -> UInt32

    /// `owner` returns the agent's user, `accountable` the user to whom a user's connections count.
    init(
        _ caps: ConnectionCaps, _ limits: ServerLimits, owner: @escaping @Sendable () -> UInt32,
        accountable: @escaping @Sendable (UInt32) -> UInt32
    ) {
        self.caps = caps
        self.owner = owner
        self.accountable = accountable
        state = NIOLockedValueBox(State(refused: RefusedConnections(limits, inAll: caps.refused)))
    }

    enum ConnectionDecision: Equatable {
        case admitted, stopping
        /// `isNews`: the cap was not logged within the last minute.
        case tooMany(ConnectionCaps.Cap, isNews: Bool)
    }

    func admit(_ channel: any Channel, of user: UInt32, at now: NIODeadline = .now()) -> ConnectionDecision {
        let user = accountable(user)
        let owner = owner()
        let isOther = user != 0 && user != owner
        let most = user == 0 && owner != 0 ? caps.root : caps.perUser
        let admission = state.withLockedValue { state -> ConnectionDecision in
            if state.isStopping { return .stopping }
            let cap: ConnectionCaps.Cap? =
                if state.perUser[user, default: 0] >= most {
                    .user
                } else {
                    isOther && state.others >= caps.others ? .others : nil
                }
            if let cap { return .tooMany(cap, isNews: state.notices.isDue(cap, at: now)) }
            state.perUser[user, default: 0] += 1
            if isOther { state.others += 1 }
            state.channels[ObjectIdentifier(channel)] = channel
            return .admitted
        }
        if admission == .admitted {
            channel.closeFuture.whenComplete { _ in self.remove(channel, of: user, isOther: isOther) }
        }
        return admission
    }

    private func remove(_ channel: any Channel, of user: UInt32, isOther: Bool) {
        let waiting = state.withLockedValue { state -> [EventLoopPromise<Void>] in
            state.channels[ObjectIdentifier(channel)] = nil
            if isOther { state.others -= 1 }
            state.perUser[user, default: 1] -= 1
            if state.perUser[user] == 0 { state.perUser[user] = nil }
            guard state.channels.isEmpty else { return [] }
            defer { state.whenEmpty = [] }
            return state.whenEmpty
        }
        for promise in waiting { promise.succeed() }
    }

    /// Counts a refused connection, and returns whether it may get a reply.
    func admitRefused(_ channel: any Channel, of user: UInt32) -> Bool {
        let user = accountable(user)
        guard state.withLockedValue({ $0.refused.admit(user, at: .now()) }) else { return false }
        channel.closeFuture.whenComplete { _ in
            self.state.withLockedValue { $0.refused.ended(user, at: .now()) }
        }
        return true
    }

    /// Whether a user has had refused connections recently.
    var hasRefused: Bool { state.withLockedValue { !$0.refused.isEmpty } }

    /// Whether a user is over the limit of refused connections, so that the next one is not examined.
    func hasTooManyRefused(of user: UInt32) -> Bool {
        let user = accountable(user)
        return state.withLockedValue { $0.refused.hasTooMany(user, at: .now()) }
    }

    /// Makes each connection check its caller again.
    func rulesHaveChanged() {
        for channel in state.withLockedValue({ Array($0.channels.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(RulesHaveChanged())
        }
    }

    /// Stops admitting connections, lets each finish its reply, and closes the rest after `limit`.
    func stop(on eventLoop: any EventLoop, within limit: TimeAmount) async {
        let empty = eventLoop.makePromise(of: Void.self)
        let channels = state.withLockedValue { state in
            state.isStopping = true
            if !state.channels.isEmpty { state.whenEmpty.append(empty) }
            return Array(state.channels.values)
        }
        if channels.isEmpty { empty.succeed() }
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            channel.pipeline.fireUserInboundEventTriggered(EndOfWatching())
        }
        let lastCall = eventLoop.scheduleTask(in: limit) {
            for channel in channels { channel.close(promise: nil) }
        }
        try? await empty.futureResult.get()
        lastCall.cancel()
    }
}

/// The event that makes a connection end its stream: a login waits for the user, a stop does not.
struct EndOfWatching {}

/// The event that makes a connection check whether its caller may still be connected.
struct RulesHaveChanged {}
