public import SecretMemory

/// The port that signs what a client says of itself (RFC 7523 §3). The module `ClientKeys` has the real one.
public protocol ClientAssertionSigner: Sendable {
    /// An assertion that nobody has seen before, for the one who is named as its audience.
    func assertion(clientID: String, audience: String) throws(ClientProofFailure) -> SecretBytes
}

/// What a client shows in a TLS handshake (RFC 8705), each as the text of a PEM file.
public struct ClientCertificate: Sendable, Equatable {
    /// The client's own first, then those of the authorities up to one that the server knows.
    public var chain: SecretBytes
    public var key: SecretBytes

    public init(chain: SecretBytes, key: SecretBytes) {
        self.chain = chain
        self.key = key
    }
}

/// Why a client cannot prove who it is. Nothing was sent.
public struct ClientProofFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public var problem: String
    public var hint: String

    public init(_ problem: String, hint: String) {
        self.problem = problem
        self.hint = hint
    }

    public var description: String { "\(problem) (\(hint))" }
}

/// Whom an assertion is for (RFC 7523 §3).
public enum AssertionAudience: String, CaseIterable, Sendable {
    /// What OpenID Connect Core 1.0 §9 recommends, and what nearly every server takes. A list of both is no way out:
    /// Keycloak takes a single audience only since 26.
    case tokenEndpoint = "token_endpoint"
    /// What newer profiles demand (FAPI 2.0, the revision of RFC 7523), and servers that know no other, as ZITADEL.
    case issuer
}
