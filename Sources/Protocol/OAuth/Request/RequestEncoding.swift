package import SecretMemory

/// The encoding of a provider's requests. The parameters and their meaning are always OAuth's.
public enum RequestEncoding: String, CaseIterable, Sendable {
    /// RFC 6749 appendix B.
    case form
    /// JSON with OAuth's own names and values, used by some gateways.
    case json
    /// A form, then JSON if the server refuses the form. Descope documents JSON only, without excluding forms.
    case formOrJSON = "form_or_json"
    /// AWS ("IAM Identity Center OIDC API Reference"): camelCase JSON. The client secret is in the body, scopes belong
    /// to the registration, and a logout ends a session instead of revoking tokens.
    case awsJSON = "aws_json"
}

extension RequestEncoding {
    /// The encodings of one request, in the order to try.
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
