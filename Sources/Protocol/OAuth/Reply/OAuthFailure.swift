/// Why a conversation with a provider failed as a whole.
public enum OAuthFailure: Error, Sendable, Equatable {
    /// There was no reply, or the server is out of order for now (429, 5xx).
    case transport(TransportFailure)
    case provider(ProviderError)
    /// A reply that breaks the protocol.
    case badResponse(detail: String)
    /// RFC 8414 §3.3: the metadata belongs to somebody else.
    case issuerMismatch(expected: String, found: String)
    /// The metadata now names an endpoint on a host that the login knows nothing of.
    case foreignHost(String)
    case deviceFlowUnsupported(detail: String)
    /// Neither the metadata nor the account's settings name a usable token endpoint.
    case noTokenEndpoint(detail: String)
    /// Nothing was sent, because the client cannot prove who it is.
    case client(ClientProofFailure)
}

extension OAuthFailure: CustomStringConvertible {
    /// For people.
    public var description: String {
        switch self {
        case .transport(let failure): failure.description
        case .provider(let error): error.description
        case .badResponse(let detail), .deviceFlowUnsupported(let detail), .noTokenEndpoint(let detail): detail
        case .client(let failure): failure.description
        case .issuerMismatch(let expected, let found):
            "the metadata is for the issuer '\(found)', but '\(expected)' was asked for"
        case .foreignHost(let host):
            "the metadata now leads to '\(host)', where the login never was; nothing is sent there"
        }
    }
}

extension TransportFailure: CustomStringConvertible {
    /// For people.
    public var description: String {
        switch self {
        case .unreachable(let detail), .broken(let detail), .nameNotFound(let detail), .timedOut(let detail),
            .tls(let detail),
            .malformed(let detail):
            detail
        case .bodyTooLarge(let limit): "the reply is larger than \(limit) bytes"
        case .cancelled: "cancelled"
        }
    }
}

/// Why one request brought no reply.
package enum RequestFailure: Error, CustomStringConvertible {
    case transport(TransportFailure)
    /// Nothing was sent.
    case client(ClientProofFailure)

    package var description: String {
        switch self {
        case .transport(let failure): failure.description
        case .client(let failure): failure.description
        }
    }
}
