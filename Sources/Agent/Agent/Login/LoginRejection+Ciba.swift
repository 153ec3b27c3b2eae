internal import Configuration
internal import Vault

/// The person of a login that was approved on a phone, which may be anywhere (OpenID Connect CIBA Core 1.0 §10.1.1).
extension LoginRejection {
    /// `nil` if the ID token says who has approved, and that is the person of the login that this one replaces, if any.
    init?(ciba verdict: IdentityVerdict, replacing earlier: Identity?) {
        switch verdict {
        case .absent: self = .noIDToken
        case .unverified(let detail): self = .unverifiedPerson(detail: detail)
        case .refused(let refusal) where refusal.reason == .invalid: self = .badIDToken(detail: refusal.detail)
        case .refused: return nil
        case .verified(_, _, let timing?): self = .untimelyIDToken(detail: timing)
        case .verified(let identity, _, nil):
            guard let earlier, let change = earlier.change(to: identity), change != .audience else { return nil }
            self = .anotherPerson(detail: "its ID token has another \(change.rawValue)")
        }
    }
}
