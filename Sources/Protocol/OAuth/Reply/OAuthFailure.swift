/// The reason why an exchange with a provider failed.
public enum OAuthFailure: Error, Sendable, Equatable {
    /// No reply, or the server is temporarily unavailable (429, 5xx).
    case transport(TransportFailure)
    case provider(ProviderError)
    /// A reply that violates the protocol.
    case badResponse(detail: String)
    /// The metadata belongs to another issuer (RFC 8414 §3.3).
    case issuerMismatch(expected: String, found: String)
    /// The metadata now names an endpoint on a host that was not known at login.
    case foreignHost(String)
    case deviceFlowUnsupported(detail: String)
    /// No usable authorization endpoint, or no address for it.
    case codeFlowUnsupported(detail: String)
    /// No usable backchannel authentication endpoint, or none for polling clients.
    case backchannelUnsupported(detail: String)
    /// Neither the metadata nor the account's settings name a usable token endpoint.
    case noTokenEndpoint(detail: String)
    /// Nothing was sent, because the client cannot authenticate.
    case client(ClientProofFailure)
}

extension OAuthFailure {
    init(_ failure: RequestFailure) {
        switch failure {
        case .transport(let failure): self = .transport(failure)
        case .client(let failure): self = .client(failure)
        }
    }
}

extension OAuthFailure: CustomStringConvertible {
    /// The text for the user.
    public var description: String {
        switch self {
        case .transport(let failure): failure.description
        case .provider(let error): error.description
        case .badResponse(let detail), .deviceFlowUnsupported(let detail), .codeFlowUnsupported(let detail),
            .backchannelUnsupported(let detail), .noTokenEndpoint(let detail):
            detail
        case .client(let failure): failure.description
        case .issuerMismatch(let expected, let found):
            "the metadata belongs to the issuer '\(found)' instead of '\(expected)'"
        case .foreignHost(let host):
            "the metadata now names the host '\(host)', which was not known at login; nothing is sent to it"
        }
    }
}

extension TransportFailure: CustomStringConvertible {
    /// The text for the user.
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

/// The reason why one request brought no reply.
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
