internal import NIOConcurrencyHelpers
internal import NIOCore
internal import System

/// What a connection counts as, until it ends.
enum ConnectionPlace: Equatable, Sendable {
    /// `isOther`: of a user other than the owner and root.
    case admitted(user: UInt32, isOther: Bool)
    case refused(user: UInt32)
}

/// The open connections: their number for each user, and SwiftNIO's channels for a reload or a stop.
final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// The largest number of channels at a time since memory was returned.
        var most = 0
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
        case admitted(ConnectionPlace)
        case stopping
        /// `isNews`: the cap was not logged within the last minute.
        case tooMany(ConnectionCaps.Cap, isNews: Bool)
    }

    func admit(_ user: UInt32, at now: NIODeadline) -> ConnectionDecision {
        let user = accountable(user)
        let owner = owner()
        let isOther = user != 0 && user != owner
        let most = user == 0 && owner != 0 ? caps.root : caps.perUser
        return state.withLockedValue { state in
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
            return .admitted(.admitted(user: user, isOther: isOther))
        }
    }

    /// Counts a refused connection; `nil` if it gets no reply.
    func admitRefused(_ user: UInt32, at now: NIODeadline) -> ConnectionPlace? {
        let user = accountable(user)
        return state.withLockedValue { $0.refused.admit(user, at: now) } ? .refused(user: user) : nil
    }

    func leave(_ place: ConnectionPlace) {
        state.withLockedValue { state in
            switch place {
            case .admitted(let user, let isOther):
                if isOther { state.others -= 1 }
                state.perUser[user, default: 1] -= 1
                if state.perUser[user] == 0 { state.perUser[user] = nil }
            case .refused(let user): state.refused.ended(user, at: .now())
            }
        }
    }

    /// Adds a connection that SwiftNIO serves, until it is closed.
    func add(_ channel: any Channel) {
        let isStopping = state.withLockedValue { state in
            state.channels[ObjectIdentifier(channel)] = channel
            state.most = max(state.most, state.channels.count)
            return state.isStopping
        }
        // Once its handlers are there.
        if isStopping { channel.eventLoop.execute { Self.stop(channel) } }
        channel.closeFuture.whenComplete { _ in
            let (waiting, isTrimmed) = self.state.withLockedValue { state -> ([EventLoopPromise<Void>], Bool) in
                state.channels[ObjectIdentifier(channel)] = nil
                let most = state.most
                if state.channels.count <= most / 4 { state.most = state.channels.count }
                let isTrimmed = state.most < most && most >= Self.burst
                guard state.channels.isEmpty else { return ([], isTrimmed) }
                defer { state.whenEmpty = [] }
                return (state.whenEmpty, isTrimmed)
            }
            for promise in waiting { promise.succeed() }
            // Several KiB for each that is gone, which would stay with the process.
            if isTrimmed { Heap.trim() }
        }
    }

    private static let burst = 64

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

    /// Closes each connection whose client has not read its reply.
    func dropUnreadReplies() {
        for channel in state.withLockedValue({ Array($0.channels.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(DropUnreadReplies())
        }
    }

    /// Stops admitting connections, and lets each finish its reply.
    func beginStop() {
        let channels = state.withLockedValue { state in
            state.isStopping = true
            return Array(state.channels.values)
        }
        for channel in channels { Self.stop(channel) }
    }

    private static func stop(_ channel: any Channel) {
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        channel.pipeline.fireUserInboundEventTriggered(EndOfWatching())
    }

    /// Waits until all connections are closed, and closes the rest after `limit`.
    func finishStop(on eventLoop: any EventLoop, within limit: TimeAmount) async {
        let empty = eventLoop.makePromise(of: Void.self)
        // Connections that were handed over before are among the channels then.
        try? await eventLoop.submit {}.get()
        let isEmpty = state.withLockedValue { state in
            if !state.channels.isEmpty { state.whenEmpty.append(empty) }
            return state.channels.isEmpty
        }
        if isEmpty { empty.succeed() }
        let lastCall = eventLoop.scheduleTask(in: limit) {
            for channel in self.state.withLockedValue({ Array($0.channels.values) }) { channel.close(promise: nil) }
        }
        try? await empty.futureResult.get()
        lastCall.cancel()
    }
}

/// The event that makes a connection end its stream: a login waits for the user, a stop does not.
struct EndOfWatching {}

/// The event that closes a connection whose client has not read its reply.
struct DropUnreadReplies {}

/// The event that makes a connection check whether its caller may still be connected.
struct RulesHaveChanged {}
