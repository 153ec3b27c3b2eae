package import SecretMemory

/// How a provider wants requests to be written. The parameters and their meaning are OAuth's in any case.
public enum RequestEncoding: String, CaseIterable, Sendable {
    /// RFC 6749 appendix B.
    case form
    /// The API of AWS IAM Identity Center ("IAM Identity Center OIDC API Reference": RegisterClient,
    /// StartDeviceAuthorization, CreateToken): JSON with names in camelCase. The client's secret is in the body, what
    /// a client may ask for is said when it registers, and there are sessions to end instead of tokens to revoke.
    case awsJSON = "aws_json"
}

extension RequestEncoding {
    package var mediaType: String {
        switch self {
        case .form: FormEncoding.mediaType
        case .awsJSON: CamelCaseJSON.mediaType
        }
    }

    package func body(_ parameters: [FormEncoding.Parameter]) -> SecretBytes {
        switch self {
        case .form: FormEncoding.body(parameters)
        case .awsJSON: CamelCaseJSON.body(parameters)
        }
    }

    /// Whether a client is registered for its scopes, and a device authorization request names none.
    public var scopesBelongToClient: Bool { self == .awsJSON }

    /// Whether requests may say where a token is to be used (RFC 8707).
    package var takesTarget: Bool { self == .form }

    /// Whether a logout revokes tokens (RFC 7009). Otherwise it ends the session that an access token belongs to.
    public var revokesTokens: Bool { self == .form }

    /// The one way to authenticate that the encoding knows, if there is only one.
    public var clientAuthentication: ClientAuthentication? { self == .awsJSON ? .clientSecretPost : nil }
}
