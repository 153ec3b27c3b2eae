import Foundation
import Synchronization

/// Dynamic client registration (RFC 7591) and management (RFC 7592).
extension DemoIssuer {
    public struct Registration: Sendable {
        /// The initial access token; `nil`: open registration.
        public var initialToken: String?
        /// Whether a client needs a redirect URI, as at Glewlwyd.
        public var requiresRedirectURI = false
        public var deviceGrantType = DemoIssuer.deviceGrantType
        /// The method that is registered, whatever was requested.
        public var authMethod: String?
        public var grantTypes: [String]?
        /// In seconds; `nil`: the secret does not expire.
        public var secretLifetime: Int?
        /// Whether clients may delete themselves.
        public var hasManagement = true

        public init() {}
    }

    public struct RegisteredClient: Sendable {
        public let secret: String?
        public let method: String
        public let managementToken: String
        public let grantTypes: [String]
        public let redirectURIs: [String]
        /// OpenID Connect Dynamic Client Registration 1.0 §2.
        public var applicationType: String?
    }

    static let registrationPath = "/register"
    static let registeredPrefix = "registered-"

    /// The currently registered clients, by id.
    public var registeredClients: [String: RegisteredClient] { state.withLock { $0.clients } }

    /// Deletes all clients, as an administrator might.
    public func deleteRegisteredClients() { state.withLock { $0.clients = [:] } }

    func registration(_ request: IssuerRequest) -> IssuerReply {
        guard let rules = configuration.registration else { return .text("there is nothing here\n", status: 404) }
        switch request.method {
        case "POST" where request.path == Self.registrationPath: return register(request, rules)
        case "DELETE" where rules.hasManagement: return delete(request)
        default: return .error("invalid_request", status: 405)
        }
    }

    private func register(_ request: IssuerRequest, _ rules: Registration) -> IssuerReply {
        guard rules.initialToken == nil || request.bearerToken == rules.initialToken else {
            return .error("invalid_token", status: 401)
        }
        if rules.requiresRedirectURI, request.form["redirect_uris"] == nil { return .error("invalid_redirect_uri") }
        let grants = (request.form["grant_types"] ?? "").split(separator: " ").map(String.init)
        guard grants.contains(where: loginGrantTypes(rules).contains) else { return .error("invalid_client_metadata") }
        let redirectURIs = (request.form["redirect_uris"] ?? "").split(separator: " ").map(String.init)
        if grants.contains("authorization_code"), redirectURIs.isEmpty { return .error("invalid_redirect_uri") }
        let method = rules.authMethod ?? request.form["token_endpoint_auth_method"] ?? "client_secret_basic"
        let id = Self.registeredPrefix + IssuerState.random(12)
        let client = RegisteredClient(
            secret: method == "none" ? nil : IssuerState.random(24), method: method,
            managementToken: IssuerState.random(32), grantTypes: rules.grantTypes ?? grants,
            redirectURIs: redirectURIs, applicationType: request.form["application_type"]
        )
        state.withLock { $0.clients[id] = client }
        var members: [String: Any] = [
            "client_id": id, "client_id_issued_at": Int(Date().timeIntervalSince1970),
            "grant_types": client.grantTypes, "token_endpoint_auth_method": method,
        ]
        if !redirectURIs.isEmpty { members["redirect_uris"] = redirectURIs }
        if let secret = client.secret {
            members["client_secret"] = secret
            members["client_secret_expires_at"] =
                rules.secretLifetime.map { Int(Date().timeIntervalSince1970) + $0 } ?? 0
        }
        if rules.hasManagement {
            members["registration_client_uri"] = issuer + Self.registrationPath + "/" + id
            members["registration_access_token"] = client.managementToken
        }
        return .json(members, status: 201)
    }

    /// The grants by which a person logs in, and which a client can register.
    private func loginGrantTypes(_ rules: Registration) -> [String] {
        state.withLock { state in
            (configuration.hasDevice ? [rules.deviceGrantType] : [])
                + (state.code == nil ? [] : ["authorization_code"]) + (state.ciba == nil ? [] : [Self.cibaGrantType])
        }
    }

    private func delete(_ request: IssuerRequest) -> IssuerReply {
        let id = String(request.path.dropFirst(Self.registrationPath.count + 1))
        let isDeleted = state.withLock { state in
            guard let client = state.clients[id], client.managementToken == request.bearerToken else { return false }
            state.clients[id] = nil
            return true
        }
        return isDeleted
            ? IssuerReply(status: 204, contentType: "", body: "", headers: [:]) : .error("invalid_token", status: 401)
    }
}
