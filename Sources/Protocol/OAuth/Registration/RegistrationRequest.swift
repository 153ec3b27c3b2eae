internal import FoundationEssentials
package import SecretMemory

/// Client metadata for a registration (RFC 7591 §2), with variants for servers that refuse the first form.
package struct RegistrationRequest: Sendable, Equatable {
    package let scopes: [String]
    package let authentication: ClientAuthentication
    package let encoding: RequestEncoding
    package let grant: RegistrationGrant
    /// Only the code grant uses one, but some servers require one in any case.
    package private(set) var hasRedirectURI: Bool
    /// Whether to send a response type, which some servers require although other grants have none.
    package private(set) var hasResponseType: Bool
    /// Whether to say that the client is a program on a user's machine (OpenID Connect Registration 1.0 §2).
    package private(set) var hasApplicationType: Bool
    /// The grant type under the server's name.
    package private(set) var grantType: String

    private static let clientName = "authagent"
    /// RFC 8252 §7.3: a loopback address.
    package static let redirectURI = "http://127.0.0.1/"
    /// The first form, and one more for each of at most three variants.
    package static let mostAttempts = 4

    package init(
        scopes: [String], authentication: ClientAuthentication, encoding: RequestEncoding = .form,
        grant: RegistrationGrant = .device
    ) {
        self.scopes = scopes
        self.authentication = authentication
        self.encoding = encoding
        self.grant = grant
        grantType = grant.grantType
        let isCode = grant.redirectURI != nil
        (hasRedirectURI, hasResponseType, hasApplicationType) = (isCode, isCode, isCode)
    }

    /// Returns the next request to try after that refusal; `nil` if no variant is left.
    ///
    /// Makes each change once: first what the refusal names, then what servers most often miss.
    package func next(after refusal: RegistrationRefusal) -> RegistrationRequest? {
        // AWS supports none of the variants.
        guard encoding != .awsJSON, refusal.isAboutMetadata else { return nil }
        var next = self
        if refusal.namesRedirectURI { next.hasRedirectURI = true }
        if refusal.namesResponseType { next.hasResponseType = true }
        if next != self { return next }
        if !hasRedirectURI {
            next.hasRedirectURI = true
        } else if hasApplicationType, refusal.code != "invalid_redirect_uri" {
            next.hasApplicationType = false
        } else if let other = grant.otherGrantType, grantType != other, refusal.code != "invalid_redirect_uri" {
            next.grantType = other
        } else if !hasResponseType, refusal.code != "invalid_redirect_uri" {
            next.hasResponseType = true
        } else {
            return nil
        }
        return next
    }

    /// Returns the method to register: `none` where possible, because a device cannot keep a secret from its owner.
    package static func authentication(
        supported: [String]?, grant: RegistrationGrant = .device
    ) -> ClientAuthentication {
        let others: [ClientAuthentication] = [.clientSecretBasic, .clientSecretPost, .clientSecretJWT]
        // RFC 8414 §2: what an absent list means.
        if grant.isConfidential {
            return others.first { supported?.contains($0.rawValue) ?? true } ?? .clientSecretBasic
        }
        guard let supported, !supported.contains(ClientAuthentication.none.rawValue) else { return .none }
        return others.first { supported.contains($0.rawValue) } ?? .none
    }

    package var body: SecretBytes {
        switch encoding {
        case .form, .json, .formOrJSON: standardBody
        case .awsJSON: CamelCaseJSON.body(awsParameters)
        }
    }

    /// Parameters of AWS's RegisterClient: `public` is the only client type, and each client gets a secret anyway.
    private var awsParameters: [FormEncoding.Parameter] {
        let scope = scopes.isEmpty ? [] : [FormEncoding.Parameter.words("scopes", scopes)]
        var parameters: [FormEncoding.Parameter] = [
            .plain("client_name", Self.clientName), .plain("client_type", "public"),
            .words("grant_types", [grantType, "refresh_token"]),
        ]
        if case .code(let redirectURI, let issuerURL) = grant {
            parameters.append(.words("redirect_uris", [redirectURI.text]))
            if let issuerURL { parameters.append(.plain("issuer_url", issuerURL)) }
        }
        return parameters + scope
    }

    private var standardBody: SecretBytes {
        let members = Members(
            clientName: Self.clientName,
            grantTypes: [grantType, "refresh_token"],
            authentication: authentication.rawValue,
            // RFC 7591 §2: the default is `code`.
            responseTypes: hasResponseType ? ["code"] : [],
            redirectURIs: hasRedirectURI ? [grant.redirectURI?.text ?? Self.redirectURI] : nil,
            scope: scopes.isEmpty ? nil : scopes.joined(separator: " "),
            applicationType: hasApplicationType ? grant.applicationType : nil,
            deliveryMode: grant == .backchannel ? "poll" : nil
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and lists of strings always encode.
        guard let data = try? encoder.encode(members) else { preconditionFailure("the request is not JSON") }
        return SecretBytes(data)
    }

    private struct Members: Encodable {
        let clientName: String
        let grantTypes: [String]
        let authentication: String
        let responseTypes: [String]
        let redirectURIs: [String]?
        let scope: String?
        let applicationType: String?
        let deliveryMode: String?

        enum CodingKeys: String, CodingKey {
            case clientName = "client_name"
            case grantTypes = "grant_types"
            case authentication = "token_endpoint_auth_method"
            case responseTypes = "response_types"
            case redirectURIs = "redirect_uris"
            case scope
            case applicationType = "application_type"
            case deliveryMode = "backchannel_token_delivery_mode"
        }
    }
}
