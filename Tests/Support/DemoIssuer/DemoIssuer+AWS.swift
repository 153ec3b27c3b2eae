import Foundation
import Synchronization

/// The API of AWS IAM Identity Center. Bodies are JSON in camelCase, errors are those of OAuth; there are no forms, no
/// metadata, no revocation, and every client is registered dynamically.
extension DemoIssuer {
    public struct AWSRules: Sendable {
        /// The start URL of the only portal.
        public var startURL = "https://d-1234567890.awsapps.com/start"
        /// A client's lifetime in seconds; 90 days at AWS.
        public var clientLifetime = 90 * 86_400
        /// The expiry of clients claimed in replies, in seconds since 1970; `nil`: the real one.
        public var toldExpiry: Int?
        /// The scopes that a client may register.
        public var scopes: Set<String> = ["sso:account:access", "codewhisperer:completions"]

        public init() {}
    }

    static let awsRegistrationPath = "/client/register"
    static let awsLogoutPath = "/logout"

    /// Every client expires now, whatever its registration claimed.
    public func expireRegisteredClients() { state.withLock { $0.awsExpiries = $0.awsExpiries.mapValues { _ in 0 } } }

    /// Access tokens whose session was ended by a logout.
    public var endedSessions: [String] { state.withLock { $0.endedSessions } }

    func answerAsAWS(_ endpoint: Endpoint, _ request: IssuerRequest, _ rules: AWSRules) -> IssuerReply {
        switch endpoint {
        case .metadata, .keys: return .text("{\"message\":\"Not Found\"}", status: 404)
        case .revocation: return awsLogout(request)
        case .authorization, .pushed, .backchannel: return .text("{\"message\":\"Not Found\"}", status: 404)
        case .device, .token, .registration: break
        }
        guard request.method == "POST", request.contentType == "application/json", request.isJSON,
            request.lists == Set(request.form.keys).intersection(["grantTypes", "scope", "scopes", "redirectUris"])
        else { return .error("invalid_request") }
        if endpoint == .registration { return awsRegister(request, rules) }
        guard let client = awsClient(request) else { return .error("invalid_client", status: 401) }
        return endpoint == .device ? awsAuthorize(request, client, rules) : awsToken(request, client)
    }

    private func awsRegister(_ request: IssuerRequest, _ rules: AWSRules) -> IssuerReply {
        guard request.form["clientName"] != nil, request.form["clientType"] == "public" else {
            return .error("invalid_client_metadata")
        }
        let grants = (request.form["grantTypes"] ?? "").split(separator: " ").map(String.init)
        guard Set(grants).isSubset(of: [Self.deviceGrantType, "refresh_token"]) else {
            return .error("unsupported_grant_type")
        }
        let scopes = (request.form["scopes"] ?? "").split(separator: " ").map(String.init)
        guard rules.scopes.isSuperset(of: scopes) else { return .error("invalid_scope") }
        let id = Self.registeredPrefix + IssuerState.random(12)
        let client = RegisteredClient(
            secret: IssuerState.random(64), method: "client_secret_post", managementToken: "", grantTypes: grants,
            redirectURIs: [])
        let now = Int(Date().timeIntervalSince1970)
        state.withLock { state in
            state.clients[id] = client
            state.awsScopes[id] = scopes
            state.awsExpiries[id] = now + rules.clientLifetime
        }
        return .json([
            "clientId": id, "clientSecret": client.secret ?? "", "clientIdIssuedAt": now,
            "clientSecretExpiresAt": rules.toldExpiry ?? now + rules.clientLifetime,
        ])
    }

    /// `nil` if the id or secret is unknown, or the client has expired.
    private func awsClient(_ request: IssuerRequest) -> String? {
        guard request.authorizationScheme == nil, let id = request.form["clientId"],
            let secret = request.form["clientSecret"]
        else { return nil }
        let now = Int(Date().timeIntervalSince1970)
        return state.withLock { state in
            state.clients[id]?.secret == secret && (state.awsExpiries[id] ?? 0) > now ? id : nil
        }
    }

    private func awsAuthorize(_ request: IssuerRequest, _ client: String, _ rules: AWSRules) -> IssuerReply {
        guard request.form["startUrl"] == rules.startURL, request.form["scope"] == nil else {
            return .error("invalid_request")
        }
        let codes = state.withLock { state in
            let scope = state.awsScopes[client, default: []].joined(separator: " ")
            return state.authorizeDevice(Grant(client: client, scope: scope), challenge: nil, now: Date())
        }
        return .json([
            "deviceCode": codes.deviceCode, "userCode": codes.userCode, "verificationUri": issuer + "/device",
            "verificationUriComplete": issuer + "/start/#/device?user_code=" + codes.userCode,
            "expiresIn": configuration.deviceCodeLifetime, "interval": configuration.interval,
        ])
    }

    private func awsToken(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        let result: Result<Tokens, TokenError> = state.withLock { state in
            switch request.form["grantType"] {
            case Self.deviceGrantType:
                state.poll(request.form["deviceCode"] ?? "", client: client, now: Date())
            case "refresh_token":
                state.refresh(
                    request.form["refreshToken"] ?? "", client: client, scope: request.form["scope"], resources: [])
            default: .failure(TokenError("unsupported_grant_type"))
            }
        }
        switch result {
        case .failure(let error): return .error(error.code)
        case .success(let tokens):
            let isFirst = request.form["grantType"] != "refresh_token"
            let lifetime = isFirst ? configuration.firstAccessTokenLifetime : nil
            var members: [String: Any] = [
                "accessToken": tokens.access, "tokenType": "Bearer",
                "expiresIn": lifetime ?? configuration.accessTokenLifetime,
            ]
            members["refreshToken"] = tokens.refresh
            state.withLock { _ = $0.awsTokens.insert(tokens.access) }
            return .json(members)
        }
    }

    /// The portal's Logout API.
    private func awsLogout(_ request: IssuerRequest) -> IssuerReply {
        guard request.method == "POST", request.form.isEmpty else { return .json(["message": "bad"], status: 400) }
        let isKnown = state.withLock { state in
            guard let token = request.sessionToken, state.awsTokens.remove(token) != nil else { return false }
            state.endedSessions.append(token)
            return true
        }
        return isKnown
            ? IssuerReply(status: 200, contentType: "application/json", body: "", headers: [:])
            : .json(["message": "Session token not found or invalid"], status: 401)
    }
}
