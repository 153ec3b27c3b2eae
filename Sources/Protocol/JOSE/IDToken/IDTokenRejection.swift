/// Why a token is not believed.
package enum IDTokenRejection: Error, Equatable, Sendable {
    case malformed(Malformation)
    case encrypted
    case algorithmRefused(String)
    /// It is signed with the client's secret, and there is none here.
    case noClientSecret
    case criticalHeader
    /// The header's `typ` names another kind of token (RFC 8725 §3.11).
    case otherKind(String)
    case unknownKey(id: String?)
    case unfitKey(id: String?, algorithm: String)
    /// `isKeyKnown` is whether the key that the token names was tried.
    case badSignature(isKeyKnown: Bool)
    case claimMissing(String)
    case claimMalformed(String)
    case wrongIssuer(found: String)
    case wrongAudience
    case wrongParty(found: String)
    case wrongAccessTokenHash
    /// Seconds that the moment is away, leeway aside.
    case expired(since: Int)
    case notYetValid(for: Int)
    case issuedInFuture(by: Int)

    package enum Malformation: String, Sendable {
        case tooLong = "it is too long"
        case notThreeParts = "it does not have three parts"
        case header = "its header is not readable"
        case payload = "its payload is not readable"
        case signature = "its signature is not base64url"
    }
}

extension IDTokenRejection {
    /// Whether the token contradicts the login, so that nothing which came with it is used. Every other rejection only
    /// means that the token cannot be verified here: it is withheld, and ends nothing.
    package var isContradiction: Bool {
        switch self {
        case .wrongIssuer, .wrongAudience, .wrongParty, .wrongAccessTokenHash, .badSignature(isKeyKnown: true): true
        case .malformed, .encrypted, .algorithmRefused, .noClientSecret, .criticalHeader, .otherKind, .unknownKey,
            .unfitKey, .badSignature(isKeyKnown: false), .claimMissing, .claimMalformed, .expired, .notYetValid,
            .issuedInFuture:
            false
        }
    }

    /// Whether only the clocks disagree: who the token is about is proven all the same.
    package var isAboutTime: Bool {
        switch self {
        case .expired, .notYetValid, .issuedInFuture: true
        default: false
        }
    }
}
