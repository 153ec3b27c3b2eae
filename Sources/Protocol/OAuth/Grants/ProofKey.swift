internal import FoundationEssentials
public import SecretMemory

/// The secret by which the server knows that whoever polls is the one who asked for the code (RFC 7636, PKCE).
public struct ProofKey: Sendable {
    /// Sent with each poll only.
    public let verifier: SecretBytes
    /// Made of the verifier by the method `S256`, and sent with the device authorization request.
    public let challenge: String

    public init(verifier: SecretBytes, challenge: String) {
        self.verifier = verifier
        self.challenge = challenge
    }

    /// When there is one. RFC 8628 knows nothing of it, and servers that do not ask for it may refuse what they do not
    /// know.
    public enum Use: Sendable {
        /// Once the server has refused a device authorization request because it lacks one.
        case whenAsked
        case always
        case never
    }

    /// Whether a server's words blame the lack of one: Keycloak answers `invalid_request` with "Missing parameter:
    /// code_challenge_method" (its AuthorizationEndpointChecker), and no code is for this and nothing else.
    package static func isBlamed(in words: String?) -> Bool {
        guard let words = words?.lowercased() else { return false }
        return ["code_challenge", "code challenge", "code_verifier", "code verifier", "pkce"].contains {
            words.contains($0)
        }
    }
}
