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
        guard request.form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            let token = JSONWebToken(assertion), let id = token.text("iss")
        else { return nil }
        if let federation = federation(of: id) { return client(of: token, federation, request) }
        guard token.text("sub") == id, request.form["client_id"] ?? id == id,
            let audience = token.text("aud"), [issuer, issuer + "/token"].contains(audience),
            let expiry = token.seconds("exp"), let issued = token.seconds("iat"), let serial = token.text("jti")
        else { return nil }
        let now = Int(Date().timeIntervalSince1970)
        guard expiry > now, expiry <= now + 60, issued <= now, expiry - issued <= 60, isValid(token, client: id),
            state.withLock({ $0.assertions.insert(serial).inserted })
        else { return nil }
        return id
    }

    private func isValid(_ token: JSONWebToken, client: String) -> Bool {
        let registered = state.withLock { $0.clients[client]?.secret }
        if let secret = client == "server" ? configuration.clientSecret : registered,
            token.isSigned(withSecret: secret)
        {
            return true
        }
        return token.isSigned(withKeyOf: configuration.clientKeySet)
    }
}
