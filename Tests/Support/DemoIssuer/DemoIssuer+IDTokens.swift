import Crypto
import Foundation
import Synchronization

/// OpenID Connect: an ID token with each token reply for the scope `openid`, signed with a key of this run.
extension DemoIssuer {
    /// Changes the user who approves codes.
    public func changeSubject(_ subject: String) { state.withLock { $0.subject = subject } }

    /// Changes name and email in ID tokens.
    public func changeName(_ name: String) { state.withLock { $0.name = name } }

    /// Rotates the signing key, and publishes only the new one.
    public func rollKey() { state.withLock { $0.key = SigningKey(number: $0.key.number + 1) } }

    struct SigningKey {
        let number: Int
        let key = P256.Signing.PrivateKey()

        var id: String { "demo-\(number)" }
    }

    var keySet: [String: Any] {
        let key = state.withLock { $0.key }
        let point = key.key.publicKey.rawRepresentation
        return [
            "keys": [
                [
                    "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.id,
                    "x": Self.base64URL(point.prefix(32)), "y": Self.base64URL(point.suffix(32)),
                ]
            ]
        ]
    }

    func idToken(_ tokens: Tokens) -> String? {
        let (key, subject, name) = state.withLock { ($0.key, $0.subject, $0.name) }
        let now = Int(Date().timeIntervalSince1970)
        var claims: [String: Any] = [
            "iss": configuration.descope == nil ? issuer : descopeIssuer, "sub": subject, "aud": tokens.grant.client,
            "iat": now,
            "exp": now + configuration.idTokenLifetime,
            "email": name ?? "\(subject)@example.com", "name": name ?? "Demo \(subject)",
            "at_hash": Self.base64URL(Data(SHA256.hash(data: Data(tokens.access.utf8)).prefix(16))),
        ]
        claims["nonce"] = tokens.grant.nonce
        claims["acr"] = tokens.grant.acr
        claims["auth_time"] = tokens.grant.authTime
        return JSONWebToken.signed(claims, with: key)
    }

    static func base64URL(_ bytes: Data) -> String {
        bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
