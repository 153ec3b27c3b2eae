/// How AWS IAM Identity Center's API differs from OAuth, apart from the encoding (`CamelCaseJSON`).
extension RequestEncoding {
    /// Whether scopes belong to the client's registration, so that a device authorization request has none.
    public var scopesBelongToClient: Bool { self == .awsJSON }

    /// The name of the scopes in the address of a login by code, as AWS's own CLI sends them; `nil` if the dialect's name
    /// applies.
    var authorizationScopeParameter: String? { self == .awsJSON ? "scopes" : nil }

    /// Whether requests may name the resource that a token is for (RFC 8707).
    package var takesTarget: Bool { self != .awsJSON }

    /// Whether a logout revokes tokens (RFC 7009); otherwise it ends the session of an access token.
    public var revokesTokens: Bool { self != .awsJSON }

    /// The only authentication method of the encoding; `nil` if it supports several.
    public var clientAuthentication: ClientAuthentication? { self == .awsJSON ? .clientSecretPost : nil }
}
