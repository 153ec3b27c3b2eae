internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth
internal import Vault

/// Why an approved login is not kept.
enum LoginRejection: Equatable {
    case badIDToken(detail: String)
    /// A subject is expected, and the ID token is outside its validity period by this machine's clock.
    case untimelyIDToken(detail: String)
    case wrongSubject(expected: String, detail: String)
    /// A subject is expected, and the provider sent no ID token.
    case noSubject
    /// A subject is expected, and the ID token cannot be verified.
    case unverified(detail: String)

    /// `nil` if the login is kept.
    init?(_ verdict: IdentityVerdict, _ settings: AccountSettings) {
        let expected = settings.expectedSubject
        switch verdict {
        case .absent where expected != nil: self = .noSubject
        case .unverified(let detail) where expected != nil: self = .unverified(detail: detail)
        case .refused(let refusal) where refusal.reason == .wrongSubject:
            self = .wrongSubject(expected: expected ?? "", detail: refusal.detail)
        // Without the scope openid no ID token was requested: ignore an invalid one.
        case .refused(let refusal) where expected != nil || settings.scopes.contains("openid"):
            self = .badIDToken(detail: refusal.detail)
        // A check of the subject must not rest on a token outside its validity period.
        case .verified(_, _, let timing?) where expected != nil:
            self = .untimelyIDToken(detail: timing)
        case .absent, .unverified, .refused, .verified: return nil
        }
    }

    /// Returns the failure for the client. `end` is what happened to the tokens.
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
        case .noSubject:
            LoginFailure(
                code: "wrong_subject",
                detail: "the provider does not say who has approved, and the account file expects a subject; \(end)",
                hint: "add the scope openid, then \(again)"
            )
        case .unverified(let detail):
            LoginFailure(
                code: Problem.Code.providerUnreachable.rawValue,
                detail: "cannot check who has approved, and the account file expects a subject: \(detail); \(end)",
                hint: "check the network, and how the provider signs ID tokens for this client, then \(again)"
            )
        }
    }
}
