/// What the API of AWS IAM Identity Center does otherwise than OAuth, beside the writing of requests (`CamelCaseJSON`).
extension RequestEncoding {
    /// Whether a client is registered for its scopes, and a device authorization request names none.
    public var scopesBelongToClient: Bool { self == .awsJSON }

    /// Whether requests may say where a token is to be used (RFC 8707).
    package var takesTarget: Bool { self != .awsJSON }

    /// Whether a logout revokes tokens (RFC 7009). Otherwise it ends the session that an access token belongs to.
    public var revokesTokens: Bool { self != .awsJSON }

    /// The one way to authenticate that the encoding knows, if there is only one.
    public var clientAuthentication: ClientAuthentication? { self == .awsJSON ? .clientSecretPost : nil }
}
