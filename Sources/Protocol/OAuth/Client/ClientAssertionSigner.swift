public import SecretMemory

/// The port that signs client assertions (RFC 7523 §3), implemented in `ClientKeys`.
public protocol ClientAssertionSigner: Sendable {
    /// Returns a new, unique assertion for `audience`.
    func assertion(clientID: String, audience: String) throws(ClientProofFailure) -> SecretBytes
}

/// A client certificate with its key for TLS (RFC 8705), each as the text of a PEM file.
public struct ClientCertificate: Sendable, Equatable {
    /// The client's own certificate first, then the intermediates up to an authority that the server knows.
    public var chain: SecretBytes
    public var key: SecretBytes

    public init(chain: SecretBytes, key: SecretBytes) {
        self.chain = chain
        self.key = key
    }
}

/// The reason why a client cannot authenticate. Nothing was sent.
public struct ClientProofFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public var problem: String
    public var hint: String

    public init(_ problem: String, hint: String) {
        self.problem = problem
        self.hint = hint
    }

    public var description: String { "\(problem) (\(hint))" }
}

/// The audience of an assertion (RFC 7523 §3).
public enum AssertionAudience: String, CaseIterable, Sendable {
    /// Recommended by OpenID Connect Core 1.0 §9 and accepted by nearly every server. A list of both does not work:
    /// Keycloak accepts only a single audience since 26.
    case tokenEndpoint = "token_endpoint"
    /// Required by newer profiles (FAPI 2.0, the revision of RFC 7523) and by servers that accept nothing else, such as
    /// ZITADEL.
    case issuer
}
