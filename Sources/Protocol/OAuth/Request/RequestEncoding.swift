package import SecretMemory

/// How a provider wants requests to be written. The parameters and their meaning are OAuth's in any case.
public enum RequestEncoding: String, CaseIterable, Sendable {
    /// RFC 6749 appendix B.
    case form
    /// JSON with OAuth's own names and values, as some gateways have it.
    case json
    /// A form, and the same as JSON where the server refuses a form. Descope's documentation describes JSON, and does
    /// not say whether a form is taken.
    case formOrJSON = "form_or_json"
    /// The API of AWS IAM Identity Center ("IAM Identity Center OIDC API Reference": RegisterClient,
    /// StartDeviceAuthorization, CreateToken): JSON with names in camelCase. The client's secret is in the body, what
    /// a client may ask for is said when it registers, and there are sessions to end instead of tokens to revoke.
    case awsJSON = "aws_json"
}

extension RequestEncoding {
    /// The ways to write one request, in the order to try.
    var attempts: [RequestEncoding] { self == .formOrJSON ? [.form, .json] : [self] }

    package var mediaType: String {
        switch self {
        case .form, .formOrJSON: FormEncoding.mediaType
        case .json, .awsJSON: CamelCaseJSON.mediaType
        }
    }

    package func body(_ parameters: [FormEncoding.Parameter]) -> SecretBytes {
        defer { DeadStack.clear() }
        return switch self {
        case .form, .formOrJSON: FormEncoding.body(parameters)
        case .json: JSONObjectWriter.body(parameters, hasLists: false) { $0 }
        case .awsJSON: CamelCaseJSON.body(parameters)
        }
    }
}
