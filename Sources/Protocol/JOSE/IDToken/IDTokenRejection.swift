internal import Formats
internal import OAuth

/// The reason why a token is refused.
package enum IDTokenRejection: Error, Equatable, Sendable {
    case malformed(Malformation)
    case encrypted
    case algorithmRefused(String)
    /// The token is signed with the client secret, but the client has none.
    case noClientSecret
    case criticalHeader
    /// The header's `typ` names another kind of token (RFC 8725 §3.11).
    case otherKind(String)
    case unknownKey(id: String?)
    case unfitKey(id: String?, algorithm: String)
    /// `isKeyKnown`: the key that the token names was found and tried.
    case badSignature(isKeyKnown: Bool)
    case claimMissing(String)
    case claimMalformed(String)
    case wrongIssuer(found: String)
    case wrongAudience
    case wrongParty(found: String)
    case wrongAccessTokenHash
    /// The login's request had a nonce, and the token has another, or none.
    case wrongNonce
    case nonceMissing
    /// The user authenticated in another way than the requested ones.
    case otherAuthentication(found: String?, asked: [String])
    /// In seconds.
    case authenticatedTooLongAgo(age: Int, maxAge: Int)
    case authenticatedInFuture(by: Int)
    /// In seconds, beyond the leeway.
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
    /// Whether the token contradicts the login, so that the whole reply is discarded. After any other rejection the
    /// token is withheld, but the login goes on.
    package var isContradiction: Bool {
        switch self {
        case .wrongIssuer, .wrongAudience, .wrongParty, .wrongAccessTokenHash, .wrongNonce, .nonceMissing,
            .badSignature(isKeyKnown: true):
            true
        case .malformed, .encrypted, .algorithmRefused, .noClientSecret, .criticalHeader, .otherKind, .unknownKey,
            .unfitKey, .badSignature(isKeyKnown: false), .claimMissing, .claimMalformed, .otherAuthentication,
            .authenticatedTooLongAgo, .authenticatedInFuture, .expired, .notYetValid, .issuedInFuture:
            false
        }
    }
}

extension IDTokenRejection: CustomStringConvertible {
    /// The text for the user; follows the name of the refused token.
    package var description: String {
        switch self {
        case .malformed(let what): what.rawValue
        case .encrypted: "it is encrypted"
        case .algorithmRefused(let name): "its algorithm '\(Self.shown(name))' is not accepted"
        case .noClientSecret: "it is signed with the client's secret, which the agent does not have"
        case .criticalHeader: "its header requires an unknown extension"
        case .otherKind(let type): "it is another kind of token: '\(Self.shown(type))'"
        case .unknownKey(let id?): "it is signed with the key '\(Self.shown(id))', which the provider does not publish"
        case .unknownKey(nil): "the provider publishes no key that matches it"
        case .unfitKey(let id, let algorithm):
            "the provider's key '\(Self.shown(id ?? ""))' is not for the algorithm '\(Self.shown(algorithm))'"
        case .badSignature: "its signature is wrong"
        case .claimMissing(let name): "it has no claim '\(name)'"
        case .claimMalformed(let name): "its claim '\(name)' is malformed"
        case .wrongIssuer(let found): "it is from the issuer '\(Self.shown(found))'"
        case .wrongAudience: "it is for another client"
        case .wrongParty(let found): "it was issued to the client '\(Self.shown(found))'"
        case .wrongAccessTokenHash: "it belongs to another access token"
        case .wrongNonce: "it has the nonce of another login"
        case .nonceMissing:
            "it has no nonce, which the provider must return (OpenID Connect Core 1.0 §3.1.3.7); without the scope openid"
                + " none is expected"
        case .otherAuthentication(let found?, let asked):
            "the user authenticated as '\(Self.shown(found))', not as \(Self.alternatives(asked))"
        case .otherAuthentication(nil, let asked):
            "it does not say how the user authenticated, and \(Self.alternatives(asked)) was requested"
        case .authenticatedTooLongAgo(let age, let maxAge):
            "the user authenticated \(age) s ago, and at most \(maxAge) s were requested"
        case .authenticatedInFuture(let seconds): "the user authenticated \(seconds) s in the future"
        case .expired(let since): "it expired \(since) s ago"
        case .notYetValid(let seconds): "it is not valid for another \(seconds) s"
        case .issuedInFuture(let seconds): "it was issued \(seconds) s in the future"
        }
    }

    private static func alternatives(_ values: [String]) -> String {
        shown(values.map { "'\($0)'" }.joined(separator: " or "))
    }

    private static func shown(_ text: String) -> String { DisplayText.clean(text, limit: 120) }
}
