internal import Synchronization

/// Look-ups of names whose transfers have ended before them. getaddrinfo(3) cannot be interrupted: each keeps a thread
/// of libcurl's until the resolver gives up, which a name server that never answers makes long.
package struct AbandonedLookups {
    /// How many of them one name may cost. Accounts that try one after the other, 10 s each, never come to this.
    package static let limit = 16
    /// The resolver gives up after 10 s for each name server and search domain, unless resolv.conf(5) says otherwise.
    package static let lifetime: Duration = .seconds(60)

    private var ends: [String: [ContinuousClock.Instant]] = [:]

    package init() {}

    package mutating func add(_ host: String, at now: ContinuousClock.Instant) {
        forget(now)
        ends[host, default: []].append(now + Self.lifetime)
    }

    /// False while so many hang that another would only add a thread.
    package func allowsAnother(of host: String, at now: ContinuousClock.Instant) -> Bool {
        ends[host, default: []].count { $0 > now } < Self.limit
    }

    private mutating func forget(_ now: ContinuousClock.Instant) {
        ends = ends.compactMapValues { ends in
            let left = ends.filter { $0 > now }
            return left.isEmpty ? nil : left
        }
    }
}

/// The abandoned look-ups of a transport, whichever of its loops they came from.
final class SharedLookups: Sendable {
    private let lookups = Mutex(AbandonedLookups())

    func add(_ host: String) { lookups.withLock { $0.add(host, at: .now) } }

    func allowsAnother(of host: String) -> Bool { lookups.withLock { $0.allowsAnother(of: host, at: .now) } }
}
