internal import Formats
public import SecretMemory

/// One login by code: the secrets that tie its response to it, and who must have sent that. Made before the address is
/// shown, and kept in memory alone.
public struct AuthorizationTransaction: Sendable {
    /// With the port of this login.
    public let redirectURI: RedirectURI
    public let proofKey: ProofKey
    public let state: SecretBytes
    /// Expected in the ID token; `nil` without the scope `openid`.
    public let nonce: String?
    let sender: ResponseSender

    /// Begins a login at the server. `metadata` is that of its issuer; `nil` if only endpoints are known.
    public init(
        redirectURI: RedirectURI, proofKey: ProofKey, server: AuthorizationServer, metadata: ServerMetadata?,
        scopes: [String], randomBytes: (Int) -> [UInt8]
    ) {
        self.redirectURI = redirectURI
        self.proofKey = proofKey
        // RFC 9700 §4.7.1 requires values that cannot be guessed; 192 bits, and no padding in base64url.
        state = SecretBytes(Base64URL.encode(randomBytes(24)))
        nonce = scopes.contains("openid") ? Base64URL.encode(randomBytes(24)) : nil
        sender =
            metadata.map { .issuer($0.tokenIssuer, isAlwaysNamed: $0.sendsIssuer) }
            ?? .origins(server.origins)
    }
}

/// Who must have sent a response, to be compared with its `iss` (RFC 9207 §2.4).
enum ResponseSender: Sendable {
    /// `isAlwaysNamed`: the issuer's metadata promises that its responses name it.
    case issuer(TokenIssuer, isAlwaysNamed: Bool)
    /// No issuer is known, only endpoints: the issuer must at least be at their place.
    case origins(Set<String>)

    /// Whether a response with this `iss` may be that of the login, by a comparison of texts without normalization.
    func check(_ found: String?) throws(AuthorizationResponse.Rejection) {
        switch (self, found) {
        case (.issuer(_, isAlwaysNamed: true), nil): throw .noIssuer
        case (_, nil): return
        case (.issuer(let issuer, _), let found?):
            guard issuer.maySendResponse(as: found) else { throw .otherIssuer }
        case (.origins(let origins), let found?):
            guard let issuer = try? Issuer(parsing: found), origins.contains(issuer.origin) else {
                throw .unknownIssuer
            }
        }
    }
}
