internal import Policy
internal import Synchronization

/// A cache of callers' descriptions for the audit trail. Reading two files of proc(5) costs as much as a token, so each
/// process is read at most once a second.
///
/// The process ID of a pinned, living process cannot be reused, so a connection with this ID comes from it.
public final class RecentProcesses: Sendable {
    private struct Entry {
        let pin: ProcessPin
        let description: Caller
        let time: ContinuousClock.Instant
    }

    private static let life: Duration = .seconds(1)
    /// Each entry holds a descriptor.
    private static let most = 32

    private let entries = Mutex<[Int32: Entry]>([:])
    private let deadlines = Deadlines()
    private let sharesPins: Bool

    /// `sharesPins`: whether connections are accepted in the order in which they were made. Then a living process is the
    /// one that connected, and a new connection needs no pin of its own.
    public init(sharesPins: Bool = true) { self.sharesPins = sharesPins }

    /// The pin of a process with a cached description, if it is alive: its next connection needs no other one.
    func pin(_ pid: Int32, _ now: ContinuousClock.Instant) -> ProcessPin? {
        guard sharesPins, let entry = entries.withLock({ $0[pid] }), now - entry.time < Self.life, entry.pin.isAlive
        else { return nil }
        return entry.pin
    }

    /// The caller with the cached facts of its process; `nil` if they must be read. Its own `pin` is checked with the
    /// result.
    func description(of caller: Caller, _ pin: ProcessPin, _ now: ContinuousClock.Instant) -> Caller? {
        guard let entry = entries.withLock({ $0[caller.pid] }), now - entry.time < Self.life,
            entry.pin === pin || entry.pin.isAlive
        else { return nil }
        var result = caller
        result.executable = entry.description.executable
        result.uncertain.insert(.executable)
        result.unit = entry.description.unit
        result.slice = entry.description.slice
        result.userUnit = entry.description.userUnit
        return result
    }

    /// Caches a description until it expires. Unused descriptors are closed then, because they may be the last free
    /// ones.
    func keep(_ description: Caller, _ pin: ProcessPin, _ now: ContinuousClock.Instant) {
        // In another PID namespace all processes have the number 0.
        guard description.pid > 0 else { return }
        let isFirst = entries.withLock { entries in
            defer { entries[description.pid] = Entry(pin: pin, description: description, time: now) }
            if entries.count >= Self.most, entries[description.pid] == nil,
                let oldest = entries.min(by: { $0.value.time < $1.value.time })
            {
                entries[oldest.key] = nil
            }
            return entries.isEmpty
        }
        if isFirst { forgetLater() }
    }

    private func forgetLater() {
        _ = deadlines.add(after: Self.life) { [weak self] _ in
            guard let self else { return }
            let isEmpty = entries.withLock { entries in
                let now = ContinuousClock.now
                entries = entries.filter { now - $0.value.time < Self.life }
                return entries.isEmpty
            }
            if !isEmpty { forgetLater() }
        }
    }

    /// The number of cached processes.
    package var count: Int { entries.withLock { $0.count } }
}
