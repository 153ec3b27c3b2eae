internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth
internal import Vault

/// Why a login that somebody has approved is not kept.
enum DiscardedLogin: Equatable {
    case badIDToken(detail: String)
    /// Only the clocks disagree, and a subject is expected.
    case untimelyIDToken(detail: String)
    case wrongSubject(expected: String, detail: String)
    /// Somebody is expected, and the provider does not say who it was.
    case nobodyNamed
    /// Somebody is expected, and what the provider says cannot be checked.
    case unverified(detail: String)

    /// Nil: the login is kept.
    init?(_ verdict: IdentityVerdict, _ settings: AccountSettings) {
        let expected = settings.expectedSubject
        switch verdict {
        case .absent where expected != nil: self = .nobodyNamed
        case .unverified(let detail) where expected != nil: self = .unverified(detail: detail)
        case .refused(let refusal) where refusal.reason == .wrongSubject:
            self = .wrongSubject(expected: expected ?? "", detail: refusal.detail)
        // Without the scope nobody asked for an ID token, so that a broken one takes nothing away.
        case .refused(let refusal) where expected != nil || settings.scopes.contains("openid"):
            self = .badIDToken(detail: refusal.detail)
        // A decision that rests on the token cannot rest on one that is out of its time.
        case .verified(_, _, let timing?) where expected != nil:
            self = .untimelyIDToken(detail: timing)
        case .absent, .unverified, .refused, .verified: return nil
        }
    }

    /// `end` says what became of the tokens.
    func failure(end: String, again: String) -> LoginFailure {
        switch self {
        case .badIDToken(let detail):
            LoginFailure(
                code: Problem.Code.badIDToken.rawValue,
                detail: "the provider's ID token is refused: \(detail); \(end)",
                hint: "check the issuer and the client id at the provider, then \(again)"
            )
        case .untimelyIDToken(let detail):
            LoginFailure(
                code: Problem.Code.badIDToken.rawValue,
                detail: "the provider's ID token is refused: \(detail); \(end)",
                hint: "check this machine's clock, then \(again)"
            )
        case .wrongSubject(let expected, let detail):
            LoginFailure(
                code: "wrong_subject",
                detail: "the login is not the expected subject's: \(detail); \(end)",
                hint: "have '\(DisplayText.clean(expected))' approve, or change expected_subject in the account file"
            )
        case .nobodyNamed:
            LoginFailure(
                code: "wrong_subject",
                detail: "the provider does not say who has approved, and the account file expects somebody; \(end)",
                hint: "add the scope openid, then \(again)"
            )
        case .unverified(let detail):
            LoginFailure(
                code: Problem.Code.providerUnreachable.rawValue,
                detail: "nobody can check who has approved, and the account file expects somebody: \(detail); \(end)",
                hint: "check the network, and how the provider signs ID tokens for this client, then \(again)"
            )
        }
    }
}
