internal import Formats

/// What a resource says about the token that it refused, in one of its challenges (RFC 6750 §3, RFC 9449 §7.1).
public enum TokenChallenge: Equatable, Sendable {
    /// The user must authenticate in another way, or anew (RFC 9470 §3). `acrValues` are in order of preference, `maxAge`
    /// is in seconds.
    case stepUp(acrValues: [String], maxAge: Int?, scopes: [String])
    /// The token needs these scopes as well (RFC 6750 §3.1); empty if they are not named.
    case insufficientScope([String])
    /// Microsoft Entra's claims challenge, as the JSON text of the parameter `claims`.
    case insufficientClaims(String)
    case invalidToken
    /// The resource wants a DPoP proof with its nonce (RFC 9449 §9), which the agent does not make.
    case useNonce
    /// Another error, in harmless words; `nil` without one.
    case other(error: String?)

    /// Reads the challenge of a field that matters: of those for access tokens, the one that asks for most. `nil` if
    /// there is none.
    public static func read(_ field: String) throws(ChallengeRejection) -> TokenChallenge? {
        var found: TokenChallenge?
        for challenge in try Challenge.parse(field) where ["bearer", "dpop"].contains(challenge.scheme) {
            let meaning = try TokenChallenge(challenge)
            if found.map({ meaning.rank < $0.rank }) ?? true { found = meaning }
        }
        return found
    }

    private static let mostValues = 32
    private static let longestValue = 256
    /// Of the decoded JSON, in bytes; Entra's have some hundred.
    private static let longestClaims = 4 * 1024

    private init(_ challenge: Challenge) throws(ChallengeRejection) {
        let error = challenge["error"]
        switch error {
        case "insufficient_user_authentication":
            self = .stepUp(
                acrValues: try Self.values(challenge["acr_values"]), maxAge: try Self.age(challenge["max_age"]),
                scopes: Self.scopes(challenge))
        case "insufficient_scope": self = .insufficientScope(Self.scopes(challenge))
        case "insufficient_claims":
            guard let claims = challenge["claims"] else { throw .parameter("claims") }
            self = .insufficientClaims(try Self.claims(claims))
        case "invalid_token": self = .invalidToken
        case "use_dpop_nonce": self = .useNonce
        default:
            let shown = error.map { DisplayText.clean($0, limit: 64) }
            self = .other(error: shown.flatMap { $0.isEmpty ? nil : $0 })
        }
    }

    private var rank: Int {
        switch self {
        case .stepUp: 0
        case .insufficientClaims: 1
        case .insufficientScope: 2
        case .invalidToken: 3
        case .useNonce: 4
        case .other(error: .some): 5
        case .other(error: nil): 6
        }
    }

    /// The values become options of a command and parameters of a request: words of printable ASCII, or nothing is read.
    private static func values(_ text: String?) throws(ChallengeRejection) -> [String] {
        var seen: Set<String> = []
        let values = (text ?? "").split(separator: " ").map(String.init).filter { seen.insert($0).inserted }
        let isValid = values.allSatisfy { value in
            value.utf8.count <= longestValue && value.utf8.allSatisfy(\.isVisible)
        }
        guard isValid, values.count <= mostValues else { throw .parameter("acr_values") }
        return values
    }

    private static func scopes(_ challenge: Challenge) -> [String] {
        let words = (challenge["scope"] ?? "").split(separator: " ").map(String.init)
        // RFC 6749 §3.3: neither quotation marks nor backslashes.
        let valid = words.filter { word in !word.utf8.contains { "\"\\".utf8.contains($0) } }
        var seen: Set<String> = []
        return TokenGrant.scopes(valid, atMost: mostValues).filter { seen.insert($0).inserted }
    }

    /// RFC 9470 §3: a non-negative integer, quoted or not.
    private static func age(_ text: String?) throws(ChallengeRejection) -> Int? {
        guard let text else { return nil }
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy(\.isDigit), let age = Int(text) else {
            throw .parameter("max_age")
        }
        return age
    }

    /// Decodes base64 or base64url; some gateways send the JSON itself.
    private static func claims(_ text: String) throws(ChallengeRejection) -> String {
        let bytes = text.utf8.first == UInt8(ascii: "{") ? Array(text.utf8) : Base64URL.decodeLeniently(text.utf8)
        guard let bytes, bytes.count <= longestClaims, let value = try? JSONReader.read(bytes), case .object = value
        else { throw .parameter("claims") }
        return CanonicalJSON.text(of: value)
    }
}
