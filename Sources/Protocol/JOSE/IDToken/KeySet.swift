internal import Formats
package import OAuth

/// An issuer's public keys (RFC 7517 §5), without the unusable ones, as §5 requires.
package struct KeySet: Sendable {
    package let keys: [VerificationKey]

    /// The largest providers publish about ten.
    package static let maximumKeys = 100
    /// Without a key id every key of the right type is tried, up to this number.
    package static let maximumAttempts = 8

    package init(_ keys: [VerificationKey]) { self.keys = Array(keys.prefix(Self.maximumKeys)) }

    /// `nil` if the document is not a key set.
    package init?(_ fields: ReplyFields) {
        guard case .array(let elements)? = fields["keys"] else { return nil }
        self.init(
            elements.lazy.compactMap { element in
                guard case .object(let members) = element else { return nil }
                return VerificationKey(members)
            }
        )
    }

    /// Checks the signature and returns the key that made it. The header's `alg` and `kid` only select among the
    /// issuer's keys and the supported algorithms.
    @discardableResult
    package func verify(_ token: JSONWebToken) throws(IDTokenRejection) -> VerificationKey {
        guard let algorithm = SignatureAlgorithm(rawValue: token.algorithm) else {
            throw .algorithmRefused(token.algorithm)
        }
        let named = keys.filter { $0.id == token.keyID && $0.id != nil }
        // A key without an id may be the one named by the token.
        let candidates = (named.isEmpty ? keys.filter { token.keyID == nil || $0.id == nil } : named)
            .filter { $0.fits(algorithm) }
        if candidates.isEmpty && !named.isEmpty { throw .unfitKey(id: token.keyID, algorithm: token.algorithm) }
        guard !candidates.isEmpty else { throw .unknownKey(id: token.keyID) }
        for key in candidates.prefix(Self.maximumAttempts)
        where key.isValid(token.signature, over: token.signingInput, algorithm) {
            return key
        }
        throw .badSignature(isKeyKnown: !named.isEmpty)
    }
}

extension IDTokenRejection {
    /// Whether fetching the keys again may provide the missing one.
    package var mayBeNewKey: Bool {
        switch self {
        case .unknownKey, .badSignature(isKeyKnown: false): true
        default: false
        }
    }
}

extension KeySet {
    /// Fetches the keys from the issuer's `jwks_uri`.
    package static func fetch(
        _ url: EndpointURL, over transport: any HTTPTransport
    ) async throws(OAuthFailure) -> KeySet {
        let reply: ProviderReply
        do throws(MetadataDocument.Failure) {
            reply = try await MetadataDocument.fetch(
                url, accepting: "application/json, application/jwk-set+json", over: transport
            ).reply
        } catch {
            switch error {
            case .transport(let failure): throw .transport(failure)
            case .redirect(let detail): throw .badResponse(detail: "the provider's keys: \(detail)")
            }
        }
        guard reply.isSuccess else { throw .transport(.unreachable("the provider's keys: \(reply.summary)")) }
        guard let keys = reply.body.fields.flatMap({ KeySet($0) }) else {
            throw .badResponse(detail: "the provider's keys: the reply is not a key set")
        }
        return keys
    }
}
