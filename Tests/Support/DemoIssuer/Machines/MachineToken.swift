import Foundation

/// What the issuer knows of a token that it has issued without a person, or of one presented to it.
struct MachineToken {
    var client: String
    var subject: String
    var scope: String
    var audiences: [String] = []
    /// The chain of those who act for the subject (RFC 8693 §4.1), the last one first.
    var actors: [String] = []
    var expires: Date

    /// The claim `act`, in which the one who acted before is nested.
    var actorClaim: [String: Any]? {
        actors.reversed().reduce(nil) { earlier, actor in
            var claim: [String: Any] = ["sub": actor]
            claim["act"] = earlier
            return claim
        }
    }
}

/// The token types of RFC 8693 §3, and that of the grants between domains.
enum TokenType: String {
    case accessToken = "urn:ietf:params:oauth:token-type:access_token"
    case refreshToken = "urn:ietf:params:oauth:token-type:refresh_token"
    case idToken = "urn:ietf:params:oauth:token-type:id_token"
    case jwt = "urn:ietf:params:oauth:token-type:jwt"
    case identityAssertion = "urn:ietf:params:oauth:token-type:id-jag"
}
