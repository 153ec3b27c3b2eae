internal import AgentAPI
internal import Configuration
internal import Formats
internal import JOSE
internal import OAuth
internal import Vault

/// Why an approved login is not kept.
enum LoginRejection: Error, Equatable {
    case badIDToken(detail: String)
    /// A subject is expected, and the ID token is outside its validity period by this machine's clock.
    case untimelyIDToken(detail: String)
    case wrongSubject(expected: String, detail: String)
    /// A subject is expected, and the provider sent no ID token.
    case noSubject
    /// A subject is expected, and the ID token cannot be verified.
    case unverified(detail: String)
    /// The ID token does not show that the user has authenticated as demanded. The text follows that authentication.
    case stepUpUnmet(String)
    /// An elevated login is another person's than the account's login.
    case otherPerson(expected: String, found: String)
    /// The account of an elevated login has been locked, replaced or removed since it began.
    case accountChanged
    /// The grant demands an ID token, and the provider sent none.
    case noIDToken
    /// The grant demands an ID token, and it cannot be verified.
    case unverifiedPerson(detail: String)
    /// A login on the phone is another person's than the account's login: the hint names who is asked, and may be wrong.
    case anotherPerson(detail: String)
    /// A renewal has become needless: by a logout, another login, a lock, or new settings.
    case superseded
    /// The login was cancelled while its code was exchanged.
    case cancelled

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

    /// `nil` if the ID token shows that the user has authenticated as demanded. `wall` is in seconds since 1970.
    init?(_ verdict: IdentityVerdict, _ demands: LoginDemands, at wall: Int) {
        guard demands.areVerified else { return nil }
        switch verdict {
        case .absent: self = .stepUpUnmet("cannot be verified: the provider sent no ID token")
        case .unverified(let detail), .verified(_, _, let detail?):
            self = .stepUpUnmet("cannot be verified by the ID token: \(detail)")
        case .refused(let refusal): self = .stepUpUnmet("cannot be verified by the ID token: \(refusal.detail)")
        case .verified(let identity, _, nil):
            let authentication = identity.authentication
            do throws(IDTokenRejection) {
                try AuthenticationDemands(acrValues: demands.acrValues, maxAge: demands.maxAge)
                    .check(acr: authentication.context, authenticatedAt: authentication.time, now: wall)
                return nil
            } catch { self = .stepUpUnmet("is not shown by the ID token: \(error)") }
        }
    }

    /// Whether the discarded tokens are of the person of the account's login, as far as is known.
    var mayBeOfSamePerson: Bool {
        switch self {
        case .stepUpUnmet, .accountChanged, .untimelyIDToken, .noSubject, .unverified, .noIDToken, .unverifiedPerson,
            .superseded:
            true
        case .badIDToken, .wrongSubject, .otherPerson, .anotherPerson, .cancelled: false
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
        case .noIDToken:
            LoginFailure(
                code: Problem.Code.badIDToken.rawValue,
                detail: "the provider does not say who has approved on the phone: it sent no ID token; \(end)",
                hint: "have the provider issue ID tokens for this client"
            )
        case .unverifiedPerson(let detail):
            LoginFailure(
                code: Problem.Code.badIDToken.rawValue,
                detail: "cannot check who has approved on the phone: \(detail); \(end)",
                hint: "check the network, and how the provider signs ID tokens for this client, then \(again)"
            )
        case .anotherPerson(let detail):
            LoginFailure(
                code: "wrong_subject",
                detail: "another person has approved than that of the account's login: \(detail); \(end)",
                hint: "check the login hint; for another person, run 'authagent logout' with the account's name first"
            )
        case .cancelled:
            LoginFailure(
                code: "cancelled", detail: "the login was cancelled after the user had approved; \(end)", hint: again)
        case .superseded:
            LoginFailure(
                code: "cancelled", detail: "the account has changed while the user was asked; \(end)", hint: again)
        case .unverified(let detail):
            LoginFailure(
                code: Problem.Code.providerUnreachable.rawValue,
                detail: "cannot check who has approved, and the account file expects a subject: \(detail); \(end)",
                hint: "check the network, and how the provider signs ID tokens for this client, then \(again)"
            )
        case .stepUpUnmet(let problem):
            LoginFailure(
                code: "step_up_unmet", detail: "the demanded authentication \(problem); \(end)",
                hint: "sign in anew with the demanded factor when you approve; if you did, the provider ignores the"
                    + " demand: see acr_values_supported in its metadata; then \(again)"
            )
        case .otherPerson(let expected, let found):
            LoginFailure(
                code: "wrong_subject",
                detail: "the elevated login is of the subject '\(DisplayText.clean(found))', and the account's login of"
                    + " '\(DisplayText.clean(expected))'; \(end)",
                hint: "have '\(DisplayText.clean(expected))' approve, or log in to the account anew; then \(again)"
            )
        case .accountChanged:
            LoginFailure(
                code: Problem.Code.configurationError.rawValue,
                detail: "the account was locked, removed or changed while the elevated login was pending; \(end)",
                hint: again
            )
        }
    }
}
