import Crypto
import CryptoExtras
import Foundation

/// A signed JWT (RFC 7519), as the issuer reads it.
struct JSONWebToken {
    let header: [String: Any]
    let claims: [String: Any]
    private let input: Data
    private let signature: Data

    /// `nil` unless the text has the form of a signed JWT.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Self.base64URLDecoded(parts[2])
        else { return nil }
        (self.header, self.claims, self.signature) = (header, claims, signature)
        input = Data("\(parts[0]).\(parts[1])".utf8)
    }

    /// A JWT with these claims, signed with a key of the issuer.
    static func signed(_ claims: [String: Any], type: String = "JWT", with key: DemoIssuer.SigningKey) -> String? {
        let header = ["alg": "ES256", "kid": key.id, "typ": type]
        guard let header = try? JSONSerialization.data(withJSONObject: header),
            let payload = try? JSONSerialization.data(withJSONObject: claims)
        else { return nil }
        let input = DemoIssuer.base64URL(header) + "." + DemoIssuer.base64URL(payload)
        guard let signature = try? key.key.signature(for: Data(input.utf8)) else { return nil }
        return input + "." + DemoIssuer.base64URL(signature.rawRepresentation)
    }

    /// The audiences; a single one may be a string (RFC 7519 §4.1.3).
    var audiences: [String] {
        (claims["aud"] as? String).map { [$0] } ?? claims["aud"] as? [String] ?? []
    }

    func text(_ claim: String) -> String? { claims[claim] as? String }

    func seconds(_ claim: String) -> Int? { claims[claim] as? Int }

    /// HS256.
    func isSigned(withSecret secret: String) -> Bool {
        guard header["alg"] as? String == "HS256" else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            signature, authenticating: input, using: SymmetricKey(data: Data(secret.utf8)))
    }

    /// ES256 or RS256, with the key of a set (RFC 7517 §5) that the header names, or the first of its type.
    func isSigned(withKeyOf set: String) -> Bool {
        switch header["alg"] as? String {
        case "ES256":
            guard let key = key("EC", set), let x = member("x", key), let y = member("y", key),
                let publicKey = try? P256.Signing.PublicKey(rawRepresentation: x + y),
                let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return publicKey.isValidSignature(parsed, for: SHA256.hash(data: input))
        case "RS256":
            guard let key = key("RSA", set), let n = member("n", key), let e = member("e", key),
                let publicKey = try? _RSA.Signing.PublicKey(n: n, e: e)
            else { return false }
            return publicKey.isValidSignature(
                .init(rawRepresentation: signature), for: SHA256.hash(data: input), padding: .insecurePKCS1v1_5)
        default: return false
        }
    }

    private func key(_ type: String, _ set: String) -> [String: Any]? {
        let set = try? JSONSerialization.jsonObject(with: Data(set.utf8)) as? [String: Any]
        return (set?["keys"] as? [[String: Any]])?.first { key in
            key["kty"] as? String == type && (header["kid"] == nil || key["kid"] as? String == header["kid"] as? String)
        }
    }

    private func member(_ name: String, _ key: [String: Any]) -> Data? {
        (key[name] as? String).flatMap(Self.base64URLDecoded)
    }

    private static func object(_ part: String) -> [String: Any]? {
        base64URLDecoded(part).flatMap { try? JSONSerialization.jsonObject(with: $0) as? [String: Any] }
    }

    private static func base64URLDecoded(_ text: String) -> Data? {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4))
    }
}
