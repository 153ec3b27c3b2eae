import Foundation
import Synchronization

/// Token exchange (RFC 8693).
extension DemoIssuer {
    func exchange(
        _ request: IssuerRequest, _ client: String?, _ rules: MachineRules
    ) throws(TokenError) -> IssuerReply {
        guard client != nil || !rules.needsClient else { throw TokenError("invalid_client") }
        let form = request.form
        let subject = try presented(form["subject_token"], form["subject_token_type"], rules)
        // §2.1: both or none.
        guard (form["actor_token"] == nil) == (form["actor_token_type"] == nil) else {
            throw TokenError("invalid_request", "actor_token without its type, or the other way round")
        }
        var actors = subject.actors
        if form["actor_token"] != nil {
            actors.insert(try presented(form["actor_token"], form["actor_token_type"], rules).subject, at: 0)
        }
        let targets = request.audiences + request.resources
        guard rules.targets.map(Set(targets).isSubset) ?? true else { throw TokenError("invalid_target") }
        guard let type = TokenType(rawValue: form["requested_token_type"] ?? TokenType.accessToken.rawValue),
            type != .refreshToken
        else { throw TokenError("invalid_request", "this requested_token_type is not issued here") }
        let token = MachineToken(
            client: client ?? subject.client, subject: subject.subject, scope: try scope(request, rules),
            audiences: targets,
            actors: actors, expires: end)
        return reply(token, type, rules)
    }

    /// The token that a request presents. §2.2.2: one that is not valid is `invalid_request`.
    private func presented(
        _ token: String?, _ type: String?, _ rules: MachineRules
    ) throws(TokenError) -> MachineToken {
        guard let token, !token.isEmpty, let type = type.flatMap(TokenType.init) else {
            throw TokenError("invalid_request", "a token or its type is missing")
        }
        let known: MachineToken? =
            switch type {
            case .accessToken: state.withLock { $0.knownAccessToken(token) }
            case .refreshToken: state.withLock { $0.knownRefreshToken(token, until: end) }
            case .idToken, .jwt, .identityAssertion: verified(token, rules)
            }
        guard let known, Date() < known.expires else {
            throw TokenError("invalid_request", "the token is not valid here")
        }
        return known
    }

    /// A JWT of this issuer, or of one whose assertions count, whatever its audience.
    private func verified(_ text: String, _ rules: MachineRules) -> MachineToken? {
        guard let token = JSONWebToken(text), let iss = token.text("iss"), let subject = token.text("sub"),
            let expiry = token.seconds("exp"), let keys = keySet(of: iss, rules), token.isSigned(withKeyOf: keys)
        else { return nil }
        return MachineToken(
            client: token.text("client_id") ?? "", subject: subject, scope: token.text("scope") ?? "",
            audiences: token.audiences, actors: Self.actors(token.claims["act"]),
            expires: Date(timeIntervalSince1970: Double(expiry)))
    }

    static func actors(_ claim: Any?) -> [String] {
        guard let claim = claim as? [String: Any], let subject = claim["sub"] as? String else { return [] }
        return [subject] + actors(claim["act"])
    }
}

extension IssuerState {
    /// Records a token of a reply.
    mutating func issue(_ value: String, _ token: MachineToken, isAccessToken: Bool) {
        guard isAccessToken else { return }
        accessTokens.append(value)
        accessTokenEnds[value] = token.expires
        machineTokens[value] = token
    }

    /// An access token of this issuer that is still valid; one without a record is a person's.
    func knownAccessToken(_ token: String) -> MachineToken? {
        guard let end = accessTokenEnds[token] else { return nil }
        return machineTokens[token] ?? MachineToken(client: "", subject: subject, scope: "", expires: end)
    }

    func knownRefreshToken(_ token: String, until end: Date) -> MachineToken? {
        guard let known = refreshTokens[token], known.isLive else { return nil }
        return MachineToken(client: known.grant.client, subject: subject, scope: known.grant.scope, expires: end)
    }
}
