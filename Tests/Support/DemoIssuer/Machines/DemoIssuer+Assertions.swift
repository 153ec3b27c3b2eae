import Foundation
import Synchronization

/// Assertions: of subjects (RFC 7523 §3), and of clients that another issuer vouches for.
extension DemoIssuer {
    func subject(ofAssertion text: String?, _ rules: MachineRules) throws(TokenError) -> MachineToken {
        guard let text, !text.isEmpty else { throw TokenError("invalid_request", "there is no assertion") }
        func refusal(_ reason: String) -> TokenError { TokenError("invalid_grant", reason) }
        guard let token = JSONWebToken(text), let iss = token.text("iss") else { throw refusal("not a JWT") }
        guard let keys = keySet(of: iss, rules) else { throw refusal("iss") }
        guard token.isSigned(withKeyOf: keys) else { throw refusal("signature") }
        guard let subject = token.text("sub") else { throw refusal("sub") }
        let audiences = rules.assertionAudiences ?? [issuer, issuer + "/token"]
        guard token.audiences.contains(where: audiences.contains) else { throw refusal("aud") }
        let now = Int(Date().timeIntervalSince1970) - rules.clockDelay
        guard let expiry = token.seconds("exp"), expiry > now else { throw refusal("exp") }
        if let issued = token.seconds("iat") {
            guard issued <= now + rules.clockSkew, expiry - issued <= rules.longestAssertion else {
                throw refusal("iat")
            }
        }
        if let start = token.seconds("nbf"), start > now + rules.clockSkew { throw refusal("nbf") }
        if let serial = token.text("jti") {
            guard state.withLock({ $0.assertions.insert(serial).inserted }) else { throw refusal("jti") }
        }
        return MachineToken(
            client: token.text("client_id") ?? iss, subject: subject, scope: "",
            actors: Self.actors(token.claims["act"]),
            expires: end)
    }

    /// The keys of an issuer whose assertions count; `nil` if they do not.
    func keySet(of iss: String, _ rules: MachineRules) -> String? {
        guard iss == issuer else { return rules.assertionIssuers[iss] }
        return (try? JSONSerialization.data(withJSONObject: keySet)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first federation of a client assertion's issuer.
    func federation(of iss: String) -> Federation? {
        state.withLock { $0.machines?.federations.first { $0.issuer == iss } }
    }

    /// The client of an assertion that another issuer has signed. It may be used until it expires: it has no `jti`.
    func client(of token: JSONWebToken, _ federation: Federation, _ request: IssuerRequest) -> String? {
        let now = Int(Date().timeIntervalSince1970)
        guard token.isSigned(withKeyOf: federation.keySet), token.text("sub") == federation.subject,
            token.audiences.contains(federation.audience), let expiry = token.seconds("exp"), expiry > now,
            request.form["client_id"] ?? federation.client == federation.client
        else { return nil }
        return federation.client
    }
}
