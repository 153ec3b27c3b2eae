import Foundation

struct PushedRequest {
    var parameters: [String: String]
    var expires: Date
}

struct AuthorizationCode {
    var request: AuthorizationRequest
    var expires: Date
    /// The family of the tokens that it gave; `nil` while it is unused.
    var family: Int?
}

/// Authorization codes and pushed requests.
extension IssuerState {
    /// The parameters that hold: those pushed before, of which each is used once (RFC 9126 §4), or the query's.
    mutating func resolve(
        _ query: [String: String], now: Date
    ) throws(AuthorizationRequest.Refusal) -> [String: String] {
        guard let uri = query["request_uri"] else {
            guard code?.pushed != .required else { throw .shown("invalid_request") }
            return query
        }
        guard let request = pushed.removeValue(forKey: uri), now < request.expires,
            request.parameters["client_id"] == query["client_id"]
        else { throw .shown("invalid_request_uri") }
        return request.parameters
    }

    mutating func issueCode(_ request: AuthorizationRequest, now: Date) -> String {
        var request = request
        request.grant.authenticate(authentication, now: now)
        request.grant.nonce = code?.nonce.value(request.grant.nonce)
        let value = Self.random(32)
        authorizationCodes[value] = AuthorizationCode(
            request: request, expires: now + Double(code?.codeLifetime ?? 0))
        return value
    }

    /// RFC 6749 §4.1.3: the redirect URI is that of the authorization request. RFC 7636 §4.6: the verifier fits.
    mutating func exchange(_ form: [String: String], client: String, now: Date) -> Result<Tokens, TokenError> {
        let refused = Result<Tokens, TokenError>.failure(TokenError("invalid_grant"))
        guard code != nil else { return .failure(TokenError("unsupported_grant_type")) }
        let value = form["code"] ?? ""
        guard let known = authorizationCodes[value], known.request.grant.client == client else { return refused }
        if let family = known.family {
            if code?.revokesOnReuse == true { revokeFamily(family) }
            return refused
        }
        guard now < known.expires, form["redirect_uri"] == known.request.redirectURI,
            known.request.challenge == nil || known.request.challenge == form["code_verifier"].map(Self.challenge)
        else { return refused }
        let family = newFamily()
        authorizationCodes[value]?.family = family
        return .success(tokens(known.request.grant, family: family))
    }
}
