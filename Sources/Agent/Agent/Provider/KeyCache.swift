internal import JOSE
internal import OAuth
internal import Synchronization
internal import Vault

/// The keys that issuers sign with, one fetch for all accounts of an issuer.
final class KeyCache: Sendable {
    struct Known: Sendable {
        var keys: KeySet
        var fetchedAt: ContinuousClock.Instant
    }

    /// What comes of looking for a key among newer ones.
    enum Search {
        case found(KeySet)
        /// The issuer has no newer ones: they were fetched for this very token.
        case nothing
        /// Nobody can tell.
        case unknown(String)
    }

    private struct Entry {
        var known: Known?
        /// When a key that is not in the set last led to a fetch.
        var lastSearch: [KeyPurpose: ContinuousClock.Instant] = [:]
        /// What came of the last fetch, if it was not the keys.
        var lastFailure: (failure: OAuthFailure, at: ContinuousClock.Instant)?
        var running: Task<Result<Known, OAuthFailure>, Never>?
    }

    /// As long as metadata is believed: a key that the issuer has withdrawn is used no longer than that.
    private static let life: Duration = .seconds(3600)
    /// While the issuer has no usable answer. What it has withdrawn meanwhile cannot be known, so not for ever.
    private static let longestLife: Duration = .seconds(86_400)
    /// An issuer that is down is not asked again for each token.
    static let failureLife: Duration = .seconds(30)
    /// Forged tokens with made-up keys must not make us a burden on the issuer.
    static let searchInterval: Duration = .seconds(60)

    private let transport: any HTTPTransport
    private let time: any Time
    private let entries = Mutex<[EndpointURL: Entry]>([:])

    init(transport: any HTTPTransport, time: any Time) {
        self.transport = transport
        self.time = time
    }

    /// Keys that are at most an hour old; up to a day old when the issuer has no usable answer.
    func keys(at url: EndpointURL, for purpose: KeyPurpose) async throws(OAuthFailure) -> Known {
        let now = time.now
        let known = entries.withLock { $0[url]?.known }
        if let known, now < known.fetchedAt + Self.life { return known }
        do throws(OAuthFailure) {
            if let failure = recentFailure(at: url, now, for: purpose) { throw failure }
            return try await fetch(url)
        } catch {
            if let known, now < known.fetchedAt + Self.longestLife { return known }
            throw error
        }
    }

    /// Somebody has just approved a login, and it may be thrown away without keys: that is worth a request.
    private func recentFailure(
        at url: EndpointURL, _ now: ContinuousClock.Instant, for purpose: KeyPurpose
    ) -> OAuthFailure? {
        guard purpose != .login, let last = entries.withLock({ $0[url]?.lastFailure }), now < last.at + Self.failureLife
        else { return nil }
        return last.failure
    }

    /// Keys newer than `old`, for a token that none of those has signed.
    func newerKeys(
        at url: EndpointURL, than old: Known, since start: ContinuousClock.Instant, for purpose: KeyPurpose
    ) async -> Search {
        // Asked after the token had come.
        guard old.fetchedAt < start else { return .nothing }
        let now = time.now
        if let failure = recentFailure(at: url, now, for: purpose) { return .unknown(failure.description) }
        let answer = entries.withLock { entries -> Search? in
            let entry = entries[url] ?? Entry()
            // Somebody else may have just asked, or be asking.
            if let known = entry.known, known.fetchedAt > old.fetchedAt { return .found(known.keys) }
            if entry.running != nil { return nil }
            if let last = entry.lastSearch[purpose], now < last + Self.searchInterval {
                return .unknown(
                    "it is signed with a key that is not among the provider's, which were fetched again less than a"
                        + " minute ago")
            }
            entries[url, default: Entry()].lastSearch[purpose] = now
            return nil
        }
        if let answer { return answer }
        do throws(OAuthFailure) { return .found(try await fetch(url).keys) } catch {
            // What has failed was no search.
            entries.withLock { $0[url]?.lastSearch[purpose] = nil }
            return .unknown(error.description)
        }
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
        // The answer may be as old as the question.
        let now = time.now
        let result: Result<Known, OAuthFailure>
        do throws(OAuthFailure) {
            result = .success(Known(keys: try await KeySet.fetch(url, over: transport), fetchedAt: now))
        } catch {
            result = .failure(error)
        }
        entries.withLock { entries in
            entries[url]?.running = nil
            switch result {
            case .success(let known):
                entries[url]?.known = known
                entries[url]?.lastFailure = nil
            case .failure(let failure): entries[url]?.lastFailure = (failure, time.now)
            }
        }
        return result
    }
}
