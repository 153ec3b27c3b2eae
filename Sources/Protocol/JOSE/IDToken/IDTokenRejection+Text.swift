internal import Formats
internal import OAuth

extension IDTokenRejection: CustomStringConvertible {
    /// For people; follows the name of the token that was refused.
    package var description: String {
        switch self {
        case .malformed(let what): what.rawValue
        case .encrypted: "it is encrypted"
        case .algorithmRefused(let name): "its algorithm '\(Self.shown(name))' is not accepted"
        case .noClientSecret: "it is signed with the client's secret, which is not known here"
        case .criticalHeader: "its header demands an extension that is not known"
        case .otherKind(let type): "it is another kind of token: '\(Self.shown(type))'"
        case .unknownKey(let id?): "it is signed with the key '\(Self.shown(id))', which the provider does not publish"
        case .unknownKey(nil): "the provider publishes no key that it could be signed with"
        case .unfitKey(let id, let algorithm):
            "the provider's key '\(Self.shown(id ?? ""))' is not for the algorithm '\(Self.shown(algorithm))'"
        case .badSignature: "its signature is wrong"
        case .claimMissing(let name): "it has no claim '\(name)'"
        case .claimMalformed(let name): "its claim '\(name)' is malformed"
        case .wrongIssuer(let found): "it is from the issuer '\(Self.shown(found))'"
        case .wrongAudience: "it is for another client"
        case .wrongParty(let found): "it was issued to the client '\(Self.shown(found))'"
        case .wrongAccessTokenHash: "it belongs to another access token"
        case .expired(let since): "it expired \(since) s ago"
        case .notYetValid(let seconds): "it is not valid for another \(seconds) s"
        case .issuedInFuture(let seconds): "it was issued \(seconds) s in the future"
        }
    }

    private static func shown(_ text: String) -> String { DisplayText.clean(text, limit: 120) }
}
