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
        defer { DeadStack.clear() }
        return switch self {
        case .form: FormEncoding.body(parameters)
        case .awsJSON: CamelCaseJSON.body(parameters)
        }
    }
}
