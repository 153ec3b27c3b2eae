import Foundation
import Synchronization

/// Descope's gateway (docs.descope.com: OIDC endpoints): its paths, JSON bodies only, every member present in each
/// reply and empty where it does not apply, and errors with `description`.
extension DemoIssuer {
    public struct DescopeRules: Sendable {
        /// The project's id, which is also that of its only client.
        public var project = "P2demo"
        /// Whether the endpoints belong to an application.
        public var isApplication = false
        /// The client's secret; `nil` for a public client.
        public var accessKey: String?
        /// Whether a form body is refused as invalid JSON.
        public var refusesForms = true

        public init() {}
    }

    /// The project's issuer.
    public var descopeIssuer: String { issuer + "/" + (configuration.descope?.project ?? "") }

    static func descopeEndpoint(of path: String, _ rules: DescopeRules) -> Endpoint? {
        let root = rules.isApplication ? "/\(rules.project)/oauth2/v1" : "/oauth2/v1"
        return switch path {
        case "/\(rules.project)/.well-known/openid-configuration": .metadata
        case "/\(rules.project)/.well-known/jwks.json": .keys
        case rules.isApplication ? root + "/device" : root + "/\(rules.project)/device": .device
        case root + "/token": .token
        case root + "/revoke": .revocation
        default: nil
        }
    }

    func answerAsDescope(_ endpoint: Endpoint, _ request: IssuerRequest, _ rules: DescopeRules) -> IssuerReply {
        switch endpoint {
        case .metadata: return .json(descopeMetadata(rules))
        case .keys: return .json(keySet)
        case .registration, .authorization, .pushed, .backchannel:
            return Self.gatewayError("E011000", "there is nothing here", status: 404)
        case .device, .token, .revocation: break
        }
        guard request.method == "POST" else { return Self.gatewayError("E011000", "POST is needed", status: 405) }
        guard request.isJSON || !rules.refusesForms else {
            return Self.gatewayError("E011002", "Request is malformed", status: 400)
        }
        let (id, secret) = request.basicCredentials ?? (request.form["client_id"], request.form["client_secret"])
        guard let id, id == rules.project, secret == rules.accessKey else {
            return Self.descopeError("invalid_client", "the client is not known", status: 401)
        }
        switch endpoint {
        case .device: return descopeDevice(request, id)
        case .token: return descopeToken(request, id)
        default:
            state.withLock { $0.revoke(request.form["token"] ?? "") }
            return .json([:])
        }
    }

    private func descopeMetadata(_ rules: DescopeRules) -> [String: Any] {
        let root = rules.isApplication ? issuer + "/\(rules.project)/oauth2/v1" : issuer + "/oauth2/v1"
        return [
            "issuer": descopeIssuer, "jwks_uri": descopeIssuer + "/.well-known/jwks.json",
            "authorization_endpoint": root + "/authorize", "token_endpoint": root + "/token",
            "device_authorization_endpoint":
                rules.isApplication ? root + "/device" : root + "/\(rules.project)/device",
            "revocation_endpoint": root + "/revoke", "introspection_endpoint": "", "registration_endpoint": "",
            "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        ]
    }

    private func descopeDevice(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        let codes = state.withLock {
            $0.authorizeDevice(
                Grant(client: client, scope: request.form["scope"] ?? ""), challenge: nil, now: Date())
        }
        return .json([
            "device_code": codes.deviceCode, "user_code": codes.userCode, "verification_uri": issuer + "/device",
            "verification_uri_complete": "", "expires_in": configuration.deviceCodeLifetime,
            "interval": configuration.interval, "error": "", "description": "",
        ])
    }

    private func descopeToken(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        let result: Result<Tokens, TokenError> = state.withLock { state in
            switch request.form["grant_type"] {
            case Self.deviceGrantType:
                state.poll(request.form["device_code"] ?? "", client: client, now: Date())
            case "refresh_token":
                state.refresh(
                    request.form["refresh_token"] ?? "", client: client,
                    scope: request.form["scope"].flatMap { $0.isEmpty ? nil : $0 }, resources: [])
            default: .failure(TokenError("unsupported_grant_type"))
            }
        }
        switch result {
        case .failure(let error): return Self.descopeError(error.code, "the request was refused", status: 400)
        case .success(let tokens):
            let isFirst = request.form["grant_type"] != "refresh_token"
            let lifetime = isFirst ? configuration.firstAccessTokenLifetime : nil
            let isOpenID = tokens.grant.scope.split(separator: " ").contains("openid")
            var members = Self.emptyToken
            members["access_token"] = tokens.access
            members["token_type"] = "Bearer"
            members["refresh_token"] = tokens.refresh ?? ""
            members["scope"] = tokens.grant.scope
            members["expires_in"] = lifetime ?? configuration.accessTokenLifetime
            members["id_token"] = isOpenID ? idToken(tokens) ?? "" : ""
            return .json(members)
        }
    }

    /// Every member of a token reply.
    private static let emptyToken: [String: any Sendable] = [
        "access_token": "", "token_type": "", "refresh_token": "", "id_token": "", "scope": "", "expires_in": 0,
        "error": "", "description": "",
    ]

    private static func descopeError(_ code: String, _ description: String, status: Int) -> IssuerReply {
        .json(emptyToken.merging(["error": code, "description": description]) { $1 }, status: status)
    }

    private static func gatewayError(_ code: String, _ description: String, status: Int) -> IssuerReply {
        .json(["errorCode": code, "errorDescription": description, "message": ""], status: status)
    }
}
