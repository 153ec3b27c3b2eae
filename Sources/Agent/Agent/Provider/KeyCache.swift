internal import JOSE
internal import OAuth
internal import Synchronization
internal import System
internal import Vault

/// The cache of issuers' signing keys, with one fetch for all accounts of an issuer.
final class KeyCache: Sendable {
    struct Known: Sendable {
        var keys: KeySet
        var fetchedAt: ContinuousClock.Instant
    }

    /// The result of a search for newer keys.
    enum Search {
        case found(KeySet)
        /// The issuer has no newer keys: they were fetched after this token arrived.
        case nothing
        /// The keys could not be fetched.
        case unknown(String)
    }

    private struct Entry {
        var known: Known?
        /// When an unknown key id last caused a fetch.
        var lastSearch: [KeyPurpose: ContinuousClock.Instant] = [:]
        /// The failure of the last fetch; `nil` if it succeeded.
        var lastFailure: (failure: OAuthFailure, at: ContinuousClock.Instant)?
        var fetch = SharedTask<Result<Known, OAuthFailure>>()
    }

    /// As long as metadata is valid: the longest time that a withdrawn key stays trusted.
    private static let life: Duration = .seconds(3600)
    /// The limit while the issuer has no usable answer: a withdrawn key must not stay trusted without end.
    private static let longestLife: Duration = .seconds(86_400)
    /// How long a failure is remembered: an issuer that is down is not requested for each token.
    static let failureLife: Duration = .seconds(30)
    /// The minimum interval of searches: forged tokens with made-up key ids must not cause load at the issuer.
    static let searchInterval: Duration = .seconds(60)

    private let transport: any HTTPTransport
    private let time: any Time
    private let entries = Mutex<[EndpointURL: Entry]>([:])

    init(transport: any HTTPTransport, time: any Time) {
        self.transport = transport
        self.time = time
    }

    /// Returns keys that are at most an hour old, or up to a day old if the issuer has no usable answer.
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

    /// Returns a remembered failure. Never for a login: it is worth a request, as without keys it may be discarded.
    private func recentFailure(
        at url: EndpointURL, _ now: ContinuousClock.Instant, for purpose: KeyPurpose
    ) -> OAuthFailure? {
        guard purpose != .login, let last = entries.withLock({ $0[url]?.lastFailure }), now < last.at + Self.failureLife
        else { return nil }
        return last.failure
    }

    /// Returns keys newer than `old`, for a token that none of those has signed.
    func newerKeys(
        at url: EndpointURL, than old: Known, since start: ContinuousClock.Instant, for purpose: KeyPurpose
    ) async -> Search {
        // The keys were fetched after the token arrived.
        guard old.fetchedAt < start else { return .nothing }
        let now = time.now
        if let failure = recentFailure(at: url, now, for: purpose) { return .unknown(failure.description) }
        let answer = entries.withLock { entries -> Search? in
            let entry = entries[url] ?? Entry()
            // Another caller may have fetched them, or be fetching them.
            if let known = entry.known, known.fetchedAt > old.fetchedAt { return .found(known.keys) }
            if entry.fetch.running != nil { return nil }
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
            // A failed fetch does not count as a search.
            entries.withLock { $0[url]?.lastSearch[purpose] = nil }
            return .unknown(error.description)
        }
    }

    private func fetch(_ url: EndpointURL) async throws(OAuthFailure) -> Known {
        let task = entries.withLock { entries in
            // Unstructured task: shared by concurrent callers.
            let task = entries[url, default: Entry()].fetch.join { await self.fetched(url) }
            return task
        }
        return try await task.value.get()
    }

    private func fetched(_ url: EndpointURL) async -> Result<Known, OAuthFailure> {
        // Count from the request: the reply may be as old as that.
        let now = time.now
        let result: Result<Known, OAuthFailure>
        do throws(OAuthFailure) {
            result = .success(Known(keys: try await KeySet.fetch(url, over: transport), fetchedAt: now))
        } catch {
            result = .failure(error)
        }
        entries.withLock { entries in
            entries[url]?.fetch.end()
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
