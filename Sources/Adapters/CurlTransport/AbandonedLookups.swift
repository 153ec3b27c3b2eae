internal import Synchronization

/// DNS look-ups whose transfers have ended before them. getaddrinfo(3) cannot be interrupted: each keeps a libcurl
/// thread until the resolver gives up, which takes long when a name server does not answer.
package struct AbandonedLookups {
    /// Limit for one host name. Accounts that retry one after the other, 10 s each, never reach it.
    package static let limit = 16
    /// The resolver gives up after 10 s for each name server and search domain, unless resolv.conf(5) says otherwise.
    package static let lifetime: Duration = .seconds(60)

    private var ends: [String: [ContinuousClock.Instant]] = [:]

    package init() {}

    package mutating func add(_ host: String, at now: ContinuousClock.Instant) {
        forget(now)
        ends[host, default: []].append(now + Self.lifetime)
    }

    /// Returns false while so many look-ups hang that another would only add a thread.
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

/// The abandoned look-ups of a transport, shared by all its loops.
final class SharedLookups: Sendable {
    private let lookups = Mutex(AbandonedLookups())

    func add(_ host: String) { lookups.withLock { $0.add(host, at: .now) } }

    func allowsAnother(of host: String) -> Bool { lookups.withLock { $0.allowsAnother(of: host, at: .now) } }
}
