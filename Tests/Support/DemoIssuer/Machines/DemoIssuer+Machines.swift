import Foundation
import Synchronization

/// The grants without a person: what each request must have, and the reply.
extension DemoIssuer {
    /// `nil` if the request is of another grant. `client` is `nil` for a client that has not authenticated, which
    /// RFC 7521 §4.1 allows for assertions.
    func machineGrant(_ request: IssuerRequest, client: String?) -> IssuerReply? {
        guard let grant = request.form["grant_type"].flatMap(MachineGrant.init),
            let rules = state.withLock({ $0.machines }), rules.grants.contains(grant)
        else { return nil }
        do throws(TokenError) {
            if let error = rules.error { throw TokenError(error, rules.errorDescription) }
            guard request.repeated.isEmpty else {
                throw TokenError("invalid_request", "repeated: \(request.repeated.sorted())")
            }
            switch grant {
            case .clientCredentials: return try clientCredentials(request, client, rules)
            case .jwtBearer: return try jwtBearer(request, client, rules)
            case .tokenExchange: return try exchange(request, client, rules)
            }
        } catch {
            return .error(error.code, detail: error.detail, status: error.code == "invalid_client" ? 401 : 400)
        }
    }

    private func clientCredentials(
        _ request: IssuerRequest, _ client: String?, _ rules: MachineRules
    ) throws(TokenError) -> IssuerReply {
        guard let client else { throw TokenError("invalid_client") }
        guard isConfidential(client) else { throw TokenError("unauthorized_client") }
        guard configuration.unknownResources.isDisjoint(with: request.resources) else {
            throw TokenError("invalid_target")
        }
        let token = MachineToken(
            client: client, subject: client, scope: try scope(request, rules),
            audiences: request.audiences + request.resources, expires: end)
        return reply(token, nil, rules)
    }

    private func jwtBearer(
        _ request: IssuerRequest, _ client: String?, _ rules: MachineRules
    ) throws(TokenError) -> IssuerReply {
        let subject = try subject(ofAssertion: request.form["assertion"], rules)
        let token = MachineToken(
            client: client ?? subject.client, subject: subject.subject, scope: try scope(request, rules),
            audiences: request.audiences + request.resources, actors: subject.actors, expires: end)
        return reply(token, nil, rules)
    }

    /// A client without a secret is public (RFC 6749 §2.1), unless it has proved itself by a federated assertion.
    private func isConfidential(_ client: String) -> Bool {
        state.withLock { state in
            client == "server" || state.clients[client]?.secret != nil
                || state.machines?.federations.contains { $0.client == client } ?? false
        }
    }

    func scope(_ request: IssuerRequest, _ rules: MachineRules) throws(TokenError) -> String {
        let scope = request.form["scope"] ?? ""
        let requested = Set(scope.split(separator: " ").map(String.init))
        guard rules.scopes.map(requested.isSubset) ?? true else { throw TokenError("invalid_scope") }
        return scope
    }

    var end: Date { Date() + Double(configuration.accessTokenLifetime) }

    /// Issues the token: a signed JWT for the audience if its type is not an access token's.
    func reply(_ token: MachineToken, _ type: TokenType?, _ rules: MachineRules) -> IssuerReply {
        let isAccessToken = type ?? .accessToken == .accessToken
        let value = isAccessToken && !rules.hasWebTokens ? IssuerState.random(32) : webToken(token, type)
        let lifetime = Int(token.expires.timeIntervalSinceNow.rounded())
        let refresh = state.withLock { state in
            state.issue(value, token, isAccessToken: isAccessToken)
            return rules.reply.hasRefreshToken
                ? state.refreshToken(Grant(client: token.client, scope: token.scope)) : nil
        }
        var members: [String: Any] = ["access_token": value]
        members["token_type"] = rules.reply.tokenType.value(isAccessToken ? "Bearer" : "N_A")
        members["issued_token_type"] = rules.reply.issuedTokenType.value(type?.rawValue)
        members["expires_in"] = rules.reply.hasLifetime ? lifetime : nil
        members["scope"] = rules.reply.scope.value(token.scope.isEmpty ? nil : token.scope)
        members["refresh_token"] = refresh
        return .json(members)
    }

    private func webToken(_ token: MachineToken, _ type: TokenType?) -> String {
        let now = Int(Date().timeIntervalSince1970)
        var claims: [String: Any] = [
            "iss": issuer, "sub": token.subject, "client_id": token.client, "iat": now,
            "exp": Int(token.expires.timeIntervalSince1970), "jti": IssuerState.random(16),
        ]
        let audiences = token.audiences.isEmpty ? [issuer] : token.audiences
        claims["aud"] = audiences.count == 1 ? audiences[0] : audiences
        claims["scope"] = token.scope.isEmpty ? nil : token.scope
        claims["act"] = token.actorClaim
        let header =
            switch type {
            case nil, .accessToken?: "at+jwt"
            case .identityAssertion?: "oauth-id-jag+jwt"
            default: "JWT"
            }
        return JSONWebToken.signed(claims, type: header, with: state.withLock { $0.key }) ?? ""
    }
}
