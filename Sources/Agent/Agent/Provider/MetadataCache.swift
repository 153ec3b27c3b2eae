internal import OAuth
internal import Synchronization
internal import System
internal import Vault

/// The cache of authorization server metadata, with one discovery for all accounts of an issuer.
final class MetadataCache: Sendable {
    private struct Entry {
        var metadata: ServerMetadata?
        /// When the newest metadata arrived.
        var fetchedAt: ContinuousClock.Instant?
        var freshUntil: ContinuousClock.Instant
        var discovery = SharedTask<Result<ServerMetadata, OAuthFailure>>()
    }

    private enum Answer {
        case known(ServerMetadata)
        case running(Task<Result<ServerMetadata, OAuthFailure>, Never>)

        var value: Result<ServerMetadata, OAuthFailure> {
            get async {
                switch self {
                case .known(let metadata): .success(metadata)
                case .running(let task): await task.value
                }
            }
        }
    }

    /// Long enough to spare most refreshes a request, short enough to follow a provider that moves.
    private static let life: Duration = .seconds(3600)
    /// The limit of entries: any caller may name an issuer, and those without an account must not accumulate.
    private static let most = 1_000

    private let discovery: Discovery
    private let time: any Time
    private let entries = Mutex<[Issuer: Entry]>([:])

    init(transport: any HTTPTransport, time: any Time) {
        discovery = Discovery(transport: transport)
        self.time = time
    }

    /// Returns metadata that is at most an hour old; older if the provider is unreachable.
    func metadata(of issuer: Issuer) async throws(OAuthFailure) -> ServerMetadata {
        let now = time.now
        let (known, answer) = entries.withLock { entries -> (ServerMetadata?, Answer) in
            if entries.count >= Self.most, entries[issuer] == nil {
                entries = entries.filter { $0.value.discovery.running != nil }
            }
            var entry = entries[issuer] ?? Entry(metadata: nil, freshUntil: now)
            if let metadata = entry.metadata, now < entry.freshUntil { return (metadata, .known(metadata)) }
            // Unstructured task: shared by concurrent callers.
            let task = entry.discovery.join { await self.discover(issuer) }
            entries[issuer] = entry
            return (entry.metadata, .running(task))
        }
        switch await answer.value {
        case .success(let metadata): return metadata
        case .failure(let failure):
            // A provider that is down keeps its metadata; one whose issuer no longer matches is refused.
            if let known, case .transport = failure { return known }
            throw failure
        }
    }

    /// Drops metadata that must not be followed; the next request discovers it again.
    func forget(_ issuer: Issuer) { entries.withLock { $0[issuer]?.metadata = nil } }

    /// Returns how far this machine's clock is ahead of the issuer's, in seconds; `nil` if the issuer was not requested
    /// yet or sends no `Date`.
    func clockLead(at issuer: Issuer) -> Int? {
        let known = entries.withLock { ($0[issuer]?.metadata?.date, $0[issuer]?.fetchedAt) }
        guard case (let date?, let fetchedAt?) = known else { return nil }
        return time.wall - (date + Int((time.now - fetchedAt).components.seconds))
    }

    private func discover(_ issuer: Issuer) async -> Result<ServerMetadata, OAuthFailure> {
        let result: Result<ServerMetadata, OAuthFailure>
        do throws(OAuthFailure) { result = .success(try await discovery.metadata(for: issuer)) } catch {
            result = .failure(error)
        }
        entries.withLock { entries in
            entries[issuer]?.discovery.end()
            if case .success(let metadata) = result {
                entries[issuer]?.metadata = metadata
                entries[issuer]?.fetchedAt = time.now
                entries[issuer]?.freshUntil = time.now + Self.life
            }
        }
        return result
    }
}
