internal import Advice
internal import AgentAPI
internal import Configuration
internal import Synchronization
internal import Vault

/// A ring of the last events, and the clients that watch for new ones.
///
/// Reporting an event takes a lock and a slot in the ring. It needs no timer.
final class EventFeed: Sendable {
    typealias Observer = @Sendable (AgentNews) -> Void

    private struct State {
        var ring: [AgentEvent] = []
        /// The number of all events so far, which is also the last event's number in its id.
        var count: UInt64 = 0
        var watchers: [UInt64: AsyncStream<AgentEvent>.Continuation] = [:]
        var lastWatcher: UInt64 = 0
        var denials = DenialFilter()
        var observers: [Observer] = []
    }

    private let origin: String
    private let time: any Time
    /// Receives each event.
    private let noted: @Sendable (AgentEvent) -> Void
    private let state = Mutex(State())

    /// A few hours of an agent with ten accounts: a watcher that reconnects within them misses nothing.
    static let capacity = 256
    /// The ring for a watcher that resumes, and as much again while the watcher reads it.
    private static let watcherBuffer = 2 * (capacity + 1)

    init(origin: String, time: any Time, noted: @escaping @Sendable (AgentEvent) -> Void = { _ in }) {
        self.origin = origin
        self.time = time
        self.noted = noted
    }

    /// Returns a random id of this agent's run. A start time would not do: the clock may be wrong.
    static func origin(_ randomBytes: (Int) -> [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let bytes = randomBytes(8).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xF)]] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Calls `body` with each later event, on the thread that reports it. It must not wait.
    func observe(_ body: @escaping Observer) { state.withLock { $0.observers.append(body) } }

    var watcherCount: Int { state.withLock { $0.watchers.count } }

    func report(_ news: AgentNews) {
        let (now, wall) = (time.now, time.wall)
        let (event, late, observers) = state.withLock {
            state -> (AgentEvent?, [AsyncStream<AgentEvent>.Continuation], [Observer]) in
            if let denial = news.denial, state.denials.isRepeated(denial, news.account, at: now) {
                return (nil, [], [])
            }
            state.count += 1
            let event = AgentEvent(id: EventID(origin: origin, count: state.count), time: wall, news: news)
            if state.ring.count < Self.capacity {
                state.ring.append(event)
            } else {
                state.ring[Self.place(of: state.count)] = event
            }
            var late: [AsyncStream<AgentEvent>.Continuation] = []
            for (id, watcher) in state.watchers {
                guard case .dropped = watcher.yield(event) else { continue }
                state.watchers[id] = nil
                late.append(watcher)
            }
            return (event, late, state.observers)
        }
        if let event { noted(event) }
        for observer in observers { observer(news) }
        // `finish` runs `onTermination`, which takes the lock.
        for watcher in late { watcher.finish() }
    }

    func watch(after text: String?) -> EventWatch {
        let (events, watcher) = AsyncStream.makeStream(
            of: AgentEvent.self, bufferingPolicy: .bufferingOldest(Self.watcherBuffer)
        )
        let wall = time.wall
        let (start, id) = state.withLock { state -> (EventID, UInt64) in
            let (seen, gap) = Self.position(of: text.map { EventID($0) }, origin, state)
            let start = EventID(origin: origin, count: seen)
            if let gap { watcher.yield(AgentEvent(id: start, time: wall, news: .missed(gap))) }
            if seen < state.count {
                for count in (seen + 1)...state.count { watcher.yield(state.ring[Self.place(of: count)]) }
            }
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = watcher
            return (start, state.lastWatcher)
        }
        watcher.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return EventWatch(start: start, events: events)
    }

    private static func place(of count: UInt64) -> Int { Int((count - 1) % UInt64(capacity)) }

    /// Returns the position to resume from, and the gap if events before it are lost.
    private static func position(
        of id: EventID??, _ origin: String, _ state: State
    ) -> (seen: UInt64, gap: AgentNews.Gap?) {
        let oldest = state.count - UInt64(state.ring.count)
        switch id {
        case nil: return (state.count, nil)
        case let id?? where id.origin == origin && id.count <= state.count:
            return id.count < oldest ? (oldest, .tooOld) : (id.count, nil)
        default: return (oldest, .otherAgent)
        }
    }
}

extension AccountNews {
    /// `ok` or the code of the client's problem; `nil` if this is not the result of a refresh.
    func refreshResult(of account: AccountName) -> String? {
        switch self {
        case .refreshed: "ok"
        case .refreshFailed(let failure): Problem(failure, account: account).code.rawValue
        case .loginRequired, .locked, .unsaved, .saved, .subjectLoginRequired: nil
        }
    }
}

extension AgentNews {
    /// Creates the event for an account's news; `nil` if another event reports it.
    init?(_ news: AccountNews, of account: AccountName, _ time: any Time) {
        switch news {
        case .refreshed(let scope, let expiresAt):
            self = .refreshed(
                account, scope: scope.joined(separator: " "), expiresAt: expiresAt.map { time.wall(at: $0) })
        case .refreshFailed(.loginRequired): return nil
        case .refreshFailed(let failure):
            self.init(.refreshFailed, account: account, Problem(failure, account: account))
        case .loginRequired(let reason):
            self.init(.loginRequired, account: account, Problem(.loginRequired(reason), account: account))
        case .subjectLoginRequired(let source):
            self.init(.loginRequired, account: account, Problem(.subjectLoginRequired(source), account: account))
        case .locked(let reason): self.init(.locked, account: account, Problem(.locked(reason), account: account))
        case .unsaved(let failure): self.init(.unsaved, account: account, .store(failure))
        case .saved: self.init(.saved, account: account)
        }
    }

    init(_ store: StoreKind, is status: StoreStatus) {
        self = .storeState(
            store.rawValue, status.state, detail: status.detail,
            hint: status.state == .ok ? nil : StoreAdvice(status).hint
        )
    }
}
