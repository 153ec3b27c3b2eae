internal import FoundationEssentials
public import SecretMemory

/// A PKCE secret (RFC 7636): proves that the client that polls is the one that requested the code.
public struct ProofKey: Sendable {
    /// Sent only with polls.
    public let verifier: SecretBytes
    /// Derived from the verifier with the method `S256`; sent with the device authorization request.
    public let challenge: String

    public init(verifier: SecretBytes, challenge: String) {
        self.verifier = verifier
        self.challenge = challenge
    }

    /// When to use PKCE. RFC 8628 does not mention it, and a server may refuse unknown parameters.
    public enum Use: Sendable {
        /// Only after the server refused a device authorization request without it.
        case whenAsked
        case always
        case never
    }

    /// Whether an error text reports missing PKCE: Keycloak answers `invalid_request` with "Missing parameter:
    /// code_challenge_method" (its AuthorizationEndpointChecker); no error code is specific to it.
    package static func isBlamed(in words: String?) -> Bool {
        guard let words = words?.lowercased() else { return false }
        return ["code_challenge", "code challenge", "code_verifier", "code verifier", "pkce"].contains {
            words.contains($0)
        }
    }
}
