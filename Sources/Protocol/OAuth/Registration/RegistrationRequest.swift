internal import FoundationEssentials
package import SecretMemory

/// Client metadata for a registration (RFC 7591 §2), with variants for servers that refuse the first form.
package struct RegistrationRequest: Sendable, Equatable {
    package let scopes: [String]
    package let authentication: ClientAuthentication
    package let encoding: RequestEncoding
    /// Not used by the device grant, but some servers require one.
    package private(set) var hasRedirectURI = false
    /// Whether to send a response type, which some servers require although the device grant has none.
    package private(set) var hasResponseType = false
    /// The device grant type under the server's name.
    package private(set) var grantType = deviceGrantType

    package static let deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"
    /// Glewlwyd's name for it.
    package static let otherDeviceGrantType = "device_authorization"
    private static let clientName = "authagent"
    /// RFC 8252 §7.3: a loopback address.
    package static let redirectURI = "http://127.0.0.1/"
    /// The first form, and one more for each of the three variants.
    package static let mostAttempts = 4

    package init(scopes: [String], authentication: ClientAuthentication, encoding: RequestEncoding = .form) {
        self.scopes = scopes
        self.authentication = authentication
        self.encoding = encoding
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
        } else if grantType == Self.deviceGrantType, refusal.code != "invalid_redirect_uri" {
            next.grantType = Self.otherDeviceGrantType
        } else if !hasResponseType, refusal.code != "invalid_redirect_uri" {
            next.hasResponseType = true
        } else {
            return nil
        }
        return next
    }

    package static func isDeviceGrant(_ grantType: String) -> Bool {
        [deviceGrantType, otherDeviceGrantType].contains(grantType)
    }

    /// Returns the method to register: `none` where possible, because a device cannot keep a secret from its owner.
    package static func authentication(supported: [String]?) -> ClientAuthentication {
        guard let supported, !supported.contains(ClientAuthentication.none.rawValue) else { return .none }
        let others: [ClientAuthentication] = [.clientSecretBasic, .clientSecretPost, .clientSecretJWT]
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
        return [
            .plain("client_name", Self.clientName), .plain("client_type", "public"),
            .words("grant_types", [grantType, "refresh_token"]),
        ] + scope
    }

    private var standardBody: SecretBytes {
        let members = Members(
            clientName: Self.clientName,
            grantTypes: [grantType, "refresh_token"],
            authentication: authentication.rawValue,
            // RFC 7591 §2: the default is `code`.
            responseTypes: hasResponseType ? ["code"] : [],
            redirectURIs: hasRedirectURI ? [Self.redirectURI] : nil,
            scope: scopes.isEmpty ? nil : scopes.joined(separator: " ")
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

        enum CodingKeys: String, CodingKey {
            case clientName = "client_name"
            case grantTypes = "grant_types"
            case authentication = "token_endpoint_auth_method"
            case responseTypes = "response_types"
            case redirectURIs = "redirect_uris"
            case scope
        }
    }
}
