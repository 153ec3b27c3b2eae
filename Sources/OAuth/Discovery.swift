/// Finds out where an authorization server's endpoints are (RFC 8414, OpenID Connect Discovery 1.0).
public struct Discovery: Sendable {
    private let transport: any HTTPTransport

    public init(transport: any HTTPTransport) { self.transport = transport }

    /// Asks at each of the issuer's metadata URLs in turn until one has the metadata.
    ///
    /// Moves on where there is none (4xx, a redirect, something that is no metadata). Ends at once where the answer is
    /// not known (no reply, 429, 5xx), because the next URL could name other endpoints than the one that is meant.
    public func metadata(for issuer: Issuer) async throws(OAuthFailure) -> ServerMetadata {
        var lastAnswer = "its URL is too long"
        for url in issuer.metadataURLs {
            let reply = try await get(url)
            if reply.isTemporary { throw .transport(.unreachable(reply.summary)) }
            lastAnswer = reply.isSuccess ? "the document names no issuer" : reply.summary
            guard reply.isSuccess, let fields = reply.body.fields else { continue }
            if let metadata = try ServerMetadata(fields, askedFor: issuer) { return metadata }
        }
        throw .badResponse(detail: "no metadata of the issuer '\(issuer)' found: \(lastAnswer)")
    }

    private func get(_ url: EndpointURL) async throws(OAuthFailure) -> ProviderReply {
        let request = HTTPRequest(method: .get, url: url, headers: [("Accept", "application/json")])
        do throws(TransportFailure) {
            return ProviderReply(try await transport.send(request))
        } catch {
            throw .transport(error)
        }
    }
}
