internal import FoundationEssentials
package import SecretMemory

/// What a client says of itself when it registers (RFC 7591 §2), and how it says it to servers that want it otherwise.
package struct RegistrationRequest: Sendable, Equatable {
    package let scopes: [String]
    package let authentication: ClientAuthentication
    package let encoding: RequestEncoding
    /// Nobody is ever sent there, but some servers register no client without an address.
    package private(set) var hasRedirectURI = false
    /// Whether the response type of a grant that is never used is named, because some servers register no client without.
    package private(set) var hasResponseType = false
    /// The device grant in the server's word.
    package private(set) var grantType = deviceGrantType

    package static let deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"
    /// Glewlwyd's word for it.
    package static let otherDeviceGrantType = "device_authorization"
    private static let clientName = "authagent"
    /// RFC 8252 §7.3: a loopback address.
    package static let redirectURI = "http://127.0.0.1/"
    /// As it is said first, and once more for each of the three things that servers want otherwise.
    package static let mostAttempts = 4

    package init(scopes: [String], authentication: ClientAuthentication, encoding: RequestEncoding = .form) {
        self.scopes = scopes
        self.authentication = authentication
        self.encoding = encoding
    }

    /// What to ask after that refusal; nil when nothing is left to say otherwise.
    ///
    /// Each change is made once: what the refusal names first, then what servers most often miss.
    package func next(after refusal: RegistrationRefusal) -> RegistrationRequest? {
        // AWS knows none of them.
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

    /// The method to register: a device cannot keep a secret from its owner, so the best is to have none.
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

    /// RegisterClient of the API: `public` is the one type of clients there is, and each gets a secret all the same.
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
            // RFC 7591 §2: left out, this means `code`.
            responseTypes: hasResponseType ? ["code"] : [],
            redirectURIs: hasRedirectURI ? [Self.redirectURI] : nil,
            scope: scopes.isEmpty ? nil : scopes.joined(separator: " ")
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and lists of them cannot fail to be encoded.
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
