internal import Configuration
internal import OAuth

/// Whether a login by code may go on with what the provider says of PKCE (RFC 7636 §5, RFC 9700 §2.1.1). A proof key is
/// sent in any case.
struct ProofKeySupport {
    /// A warning for the user; `nil` if the provider supports S256.
    let note: String?

    init(_ settings: AccountSettings, _ metadata: ServerMetadata?) throws(LoginError) {
        guard settings.keys.pkce != false else {
            throw .unsuitable(
                problem: "a login by authorization code always uses PKCE, which the account forbids",
                hint: "leave out --no-pkce, and 'pkce = false' in the account file")
        }
        let support: ServerMetadata.ChallengeSupport = metadata?.challengeSupport ?? .unknown
        switch support {
        case .s256: note = nil
        case .none:
            throw .unsuitable(
                problem: "the provider supports PKCE without S256 only: \(RefusedFlow.plainChallenge.reason)",
                hint: "have the provider's administrator enable S256, or give --device")
        case .unknown:
            guard settings.keys.pkce != true else {
                throw .unsuitable(
                    problem: "the provider does not say that it supports PKCE, and the account requires that it does",
                    hint:
                        "leave out 'pkce = true' in the account file if you know that the provider checks the proof key"
                )
            }
            note =
                settings.keys.provider?.preset.codeFlow?.checksProofKey == true
                ? nil : "the provider does not say that it supports PKCE; the login uses it all the same"
        }
    }
}
