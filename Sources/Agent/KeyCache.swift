internal import IDToken
internal import OAuth
internal import Synchronization
internal import Vault

/// The keys that issuers sign with, one fetch for all accounts of an issuer.
final class KeyCache: Sendable {
    struct Known: Sendable {
        var keys: KeySet
        var fetchedAt: ContinuousClock.Instant
    }

    private struct Entry {
        var known: Known?
        /// When a key that is not in the set last led to a fetch.
        var lastSearch: ContinuousClock.Instant?
        var running: Task<Result<Known, OAuthFailure>, Never>?
    }

    /// As long as metadata is believed: a key that the issuer has withdrawn is used no longer than that.
    private static let life: Duration = .seconds(3600)
    /// Forged tokens with made-up keys must not make us a burden on the issuer.
    static let searchInterval: Duration = .seconds(60)

    private let transport: any HTTPTransport
    private let time: any Time
    private let entries = Mutex<[EndpointURL: Entry]>([:])

    init(transport: any HTTPTransport, time: any Time) {
        self.transport = transport
        self.time = time
    }

    /// Keys that are at most an hour old; older when the issuer cannot be asked again.
    func keys(at url: EndpointURL) async throws(OAuthFailure) -> Known {
        let now = time.now
        let known = entries.withLock { $0[url]?.known }
        if let known, now < known.fetchedAt + Self.life { return known }
        do throws(OAuthFailure) { return try await fetch(url) } catch {
            if let known, case .transport = error { return known }
            throw error
        }
    }

    /// Keys newer than `old`, for a token that none of those has signed. Nil when it is too early to ask again, or when
    /// they were fetched for this very token.
    func newerKeys(at url: EndpointURL, than old: Known, since start: ContinuousClock.Instant) async -> KeySet? {
        let now = time.now
        let isAllowed = entries.withLock { entries in
            if let last = entries[url]?.lastSearch, now < last + Self.searchInterval { return false }
            guard old.fetchedAt < start else { return false }
            entries[url, default: Entry()].lastSearch = now
            return true
        }
        guard isAllowed else {
            // Somebody else may have just asked.
            let known = entries.withLock { $0[url]?.known }
            return known.flatMap { $0.fetchedAt > old.fetchedAt ? $0.keys : nil }
        }
        return try? await fetch(url).keys
    }

    private func fetch(_ url: EndpointURL) async throws(OAuthFailure) -> Known {
        let task = entries.withLock { entries in
            // No parent: shared by whoever asks while it runs.
            let task = entries[url]?.running ?? Task { await self.fetched(url) }
            entries[url, default: Entry()].running = task
            return task
        }
        return try await task.value.get()
    }

    private func fetched(_ url: EndpointURL) async -> Result<Known, OAuthFailure> {
        let result: Result<Known, OAuthFailure>
        do throws(OAuthFailure) {
            result = .success(Known(keys: try await KeySet.fetch(url, over: transport), fetchedAt: time.now))
        } catch {
            result = .failure(error)
        }
        entries.withLock { entries in
            entries[url]?.running = nil
            if case .success(let known) = result { entries[url]?.known = known }
        }
        return result
    }
}
