/// Finds an authorization server's endpoints (RFC 8414, OpenID Connect Discovery 1.0).
public struct Discovery: Sendable {
    private let transport: any HTTPTransport

    /// For each URL after the first: by then the host is known to answer.
    private static let laterTimeLimit: Duration = .seconds(10)

    public init(transport: any HTTPTransport) { self.transport = transport }

    /// Fetches the issuer's metadata from the first of its metadata URLs that has it.
    ///
    /// Continues after a missing document and after an outage (429, 5xx), which a front server may have for one path
    /// only. Stops if the host does not answer, or returns another issuer's metadata.
    public func metadata(for issuer: Issuer) async throws(OAuthFailure) -> ServerMetadata {
        var misses: [Miss] = []
        for url in issuer.metadataURLs {
            do throws(Miss) {
                return try await metadata(at: url, for: issuer, isFirst: misses.isEmpty)
            } catch {
                misses.append(error)
                // After an outage, the issuer's own metadata may be what the server failed to deliver.
                if error.isFinal(after: misses) { break }
            }
        }
        throw Self.failure(misses, issuer)
    }

    /// The reason why one URL has no metadata of the issuer.
    private enum Miss: Error {
        /// The host does not answer.
        case noAnswer(TransportFailure)
        /// The server cannot serve this URL, or the connection breaks.
        case outage(TransportFailure)
        case mismatch(OAuthFailure)
        case redirect(String)
        case absent(String)

        /// Whether to skip the remaining URLs, which are on the same host.
        func isFinal(after misses: [Miss]) -> Bool {
            switch self {
            case .noAnswer: true
            case .outage, .redirect, .absent: false
            case .mismatch: !misses.contains { if case .outage = $0 { true } else { false } }
            }
        }

        init(_ failure: TransportFailure) {
            self =
                switch failure {
                case .broken, .malformed, .bodyTooLarge: .outage(failure)
                case .unreachable, .nameNotFound, .timedOut, .tls, .cancelled: .noAnswer(failure)
                }
        }
    }

    private func metadata(
        at url: EndpointURL, for issuer: Issuer, isFirst: Bool
    ) async throws(Miss) -> ServerMetadata {
        let document: MetadataDocument
        do throws(MetadataDocument.Failure) {
            document = try await MetadataDocument.fetch(
                url, accepting: "application/json", over: transport, timeLimit: isFirst ? nil : Self.laterTimeLimit)
        } catch {
            switch error {
            case .transport(let failure): throw Miss(failure)
            case .redirect(let detail): throw .redirect(detail)
            }
        }
        let reply = document.reply
        if reply.isTemporary { throw .outage(.unreachable(reply.summary)) }
        guard reply.isSuccess else { throw .absent(reply.summary) }
        guard let fields = reply.body.fields else { throw .absent("the document names no issuer") }
        do throws(OAuthFailure) {
            guard var metadata = try ServerMetadata(fields, askedFor: issuer) else {
                throw OAuthFailure.badResponse(detail: "the document names no issuer")
            }
            metadata.date = document.date
            return metadata
        } catch {
            if case .badResponse(let detail) = error { throw .absent(detail) }
            throw .mismatch(error)
        }
    }

    /// Reports an outage first, because it may hide the metadata; then the most surprising miss.
    private static func failure(_ misses: [Miss], _ issuer: Issuer) -> OAuthFailure {
        for case .outage(let failure) in misses { return .transport(failure) }
        for case .noAnswer(let failure) in misses { return .transport(failure) }
        for case .mismatch(let failure) in misses { return failure }
        for case .redirect(let detail) in misses {
            return .badResponse(detail: "no metadata of the issuer '\(issuer)' found: \(detail)")
        }
        var last = "its URL is too long"
        if case .absent(let detail)? = misses.last { last = detail }
        return .badResponse(detail: "no metadata of the issuer '\(issuer)' found: \(last)")
    }
}
