import Crypto
import CryptoExtras
import Foundation
import Synchronization

/// Client authentication.
extension DemoIssuer {
    /// The client's id; `nil` if its authentication fails. RFC 6749 §2.3.
    func authenticate(_ request: IssuerRequest) -> String? {
        if let assertion = request.form["client_assertion"] { return client(of: assertion, request) }
        let (id, secret) = request.basicCredentials ?? (request.form["client_id"], request.form["client_secret"])
        guard let id else { return nil }
        if id.hasPrefix(Self.registeredPrefix) {
            guard let client = state.withLock({ $0.clients[id] }), client.method != "client_secret_jwt" else {
                return nil
            }
            return client.secret == secret ? id : nil
        }
        if id == "server" {
            return !configuration.requiresAssertions && secret == configuration.clientSecret ? id : nil
        }
        return secret == nil ? id : nil
    }

    /// RFC 7523 §3: subject, audience, expiry, and each assertion only once.
    private func client(of assertion: String, _ request: IssuerRequest) -> String? {
        let parts = assertion.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard request.form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Self.base64URLDecoded(parts[2]), let id = claims["iss"] as? String,
            claims["sub"] as? String == id, request.form["client_id"] ?? id == id,
            let audience = claims["aud"] as? String, [issuer, issuer + "/token"].contains(audience),
            let expiry = claims["exp"] as? Int, let issued = claims["iat"] as? Int,
            let serial = claims["jti"] as? String
        else { return nil }
        let now = Int(Date().timeIntervalSince1970)
        guard expiry > now, expiry <= now + 60, issued <= now, expiry - issued <= 60,
            isValid(signature, over: Data("\(parts[0]).\(parts[1])".utf8), header, client: id),
            state.withLock({ $0.assertions.insert(serial).inserted })
        else { return nil }
        return id
    }

    private func isValid(_ signature: Data, over input: Data, _ header: [String: Any], client: String) -> Bool {
        switch header["alg"] as? String {
        case "HS256":
            let registered = state.withLock { $0.clients[client]?.secret }
            guard let secret = client == "server" ? configuration.clientSecret : registered else { return false }
            return HMAC<SHA256>.isValidAuthenticationCode(
                signature, authenticating: input, using: SymmetricKey(data: Data(secret.utf8)))
        case "ES256":
            guard let key = key("EC", header), let x = member("x", key), let y = member("y", key),
                let publicKey = try? P256.Signing.PublicKey(rawRepresentation: x + y),
                let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return publicKey.isValidSignature(parsed, for: SHA256.hash(data: input))
        case "RS256":
            guard let key = key("RSA", header), let n = member("n", key), let e = member("e", key),
                let publicKey = try? _RSA.Signing.PublicKey(n: n, e: e)
            else { return false }
            return publicKey.isValidSignature(
                .init(rawRepresentation: signature), for: SHA256.hash(data: input), padding: .insecurePKCS1v1_5)
        default: return false
        }
    }

    /// The key of the client `server` named in the header, or the first of that type.
    private func key(_ type: String, _ header: [String: Any]) -> [String: Any]? {
        let set = try? JSONSerialization.jsonObject(with: Data(configuration.clientKeySet.utf8)) as? [String: Any]
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
