import Foundation
import Synchronization

/// The endpoints: each parses a request, updates the state and builds a reply.
extension DemoIssuer {
    func respond(to request: IssuerRequest) async -> IssuerReply {
        let found = configuration.descope.map { Self.descopeEndpoint(of: request.path, $0) }
        guard let endpoint = found ?? Self.endpoint(of: request.path) else { return await page(request) }
        let fault = state.withLock { state in
            state.log.append(
                LogEntry(
                    endpoint: endpoint, isJSON: request.isJSON, form: request.form, resources: request.resources,
                    authorization: request.authorizationScheme)
            )
            return state.nextFault(endpoint)
        }
        switch fault {
        case .reply(let status, let contentType, let body, let headers)?:
            return IssuerReply(status: status, contentType: contentType, body: body, headers: headers)
        case .drop?: return .drop
        case .dropAfterCommit?:
            _ = answer(endpoint, request)
            return .drop
        case .wait(let wait)?: await wait()
        case nil: break
        }
        return answer(endpoint, request)
    }

    private static func endpoint(of path: String) -> Endpoint? {
        switch path {
        case "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server": .metadata
        case "/device_authorization": .device
        case "/token": .token
        case "/revocation", awsLogoutPath: .revocation
        case "/keys": .keys
        case awsRegistrationPath: .registration
        case _ where path == registrationPath || path.hasPrefix(registrationPath + "/"): .registration
        default: nil
        }
    }

    private func answer(_ endpoint: Endpoint, _ request: IssuerRequest) -> IssuerReply {
        if let rules = configuration.aws { return answerAsAWS(endpoint, request, rules) }
        if let rules = configuration.descope { return answerAsDescope(endpoint, request, rules) }
        if endpoint == .metadata { return .json(metadata) }
        if endpoint == .keys { return .json(keySet) }
        if endpoint == .registration { return registration(request) }
        guard request.method == "POST" else { return .error("invalid_request", status: 405) }
        guard let client = authenticate(request) else { return .error("invalid_client", status: 401) }
        return switch endpoint {
        case .metadata: .json(metadata)
        case .keys: .json(keySet)
        case .registration: registration(request)
        case .device: authorizeDevice(request, client)
        case .token: token(request, client)
        case .revocation: revoke(request)
        }
    }

    private var metadata: [String: Any] {
        var members: [String: Any] = [
            "issuer": issuer,
            "device_authorization_endpoint": issuer + "/device_authorization",
            "token_endpoint": issuer + "/token",
            "revocation_endpoint": issuer + "/revocation",
            "jwks_uri": issuer + "/keys",
            "token_endpoint_auth_methods_supported": configuration.authMethods,
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        ]
        members["token_endpoint_auth_signing_alg_values_supported"] = configuration.assertionAlgorithms
        if configuration.registration != nil { members["registration_endpoint"] = issuer + Self.registrationPath }
        return members
    }

    private func authorizeDevice(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        let challenge = request.form["code_challenge_method"] == "S256" ? request.form["code_challenge"] : nil
        if configuration.requiresProofKey, challenge == nil {
            // Keycloak's message.
            return .error("invalid_request", detail: "Missing parameter: code_challenge_method")
        }
        let codes = state.withLock {
            $0.authorizeDevice(
                client: client, scope: request.form["scope"] ?? "", challenge: challenge, now: Date())
        }
        return .json([
            "device_code": codes.deviceCode,
            "user_code": codes.userCode,
            "verification_uri": issuer + "/device",
            "verification_uri_complete": issuer + "/device?user_code=" + codes.userCode,
            "expires_in": configuration.deviceCodeLifetime,
            "interval": configuration.interval,
        ])
    }

    private func token(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        let result: Result<Tokens, TokenError> = state.withLock { state in
            switch request.form["grant_type"] {
            case "urn:ietf:params:oauth:grant-type:device_code":
                state.poll(
                    request.form["device_code"] ?? "", client: client, verifier: request.form["code_verifier"],
                    now: Date())
            case "refresh_token":
                state.refresh(
                    request.form["refresh_token"] ?? "", client: client, scope: request.form["scope"],
                    resources: request.resources)
            default: .failure(TokenError("unsupported_grant_type"))
            }
        }
        switch result {
        case .failure(let error): return .error(error.code)
        case .success(let tokens):
            let isFirst = request.form["grant_type"] != "refresh_token"
            let first = isFirst ? configuration.firstAccessTokenLifetime : nil
            let lifetime = first ?? configuration.accessTokenLifetime
            state.withLock { $0.accessTokenEnds[tokens.access] = Date() + Double(lifetime) }
            var members: [String: Any] = [
                "access_token": tokens.access, "token_type": "Bearer", "scope": tokens.scope,
                "expires_in": lifetime,
            ]
            members["refresh_token"] = tokens.refresh
            members["refresh_token_expires_in"] = configuration.refreshTokenLifetime
            if tokens.scope.split(separator: " ").contains("openid"), isFirst || configuration.renewsIDTokens {
                members["id_token"] = idToken(for: client, accessToken: tokens.access)
            }
            return .json(members)
        }
    }

    private func revoke(_ request: IssuerRequest) -> IssuerReply {
        state.withLock { $0.revoke(request.form["token"] ?? "") }
        return IssuerReply(status: 200, contentType: "application/json", body: "", headers: [:])
    }
}
