import Foundation
import Synchronization

/// The endpoints: each parses a request, updates the state and builds a reply.
extension DemoIssuer {
    func respond(to request: IssuerRequest) async -> IssuerReply {
        let found = configuration.descope.map { Self.descopeEndpoint(of: request.path, $0) }
        guard let endpoint = found ?? Self.endpoint(of: request.path) else { return await page(request) }
        let fault = state.withLock { state in
            // The person's decision on the page is not a request of the client.
            guard endpoint != .authorization || request.method == "GET" else { return Fault?.none }
            let parameters = endpoint == .authorization ? request.query : request.form
            state.log.append(
                LogEntry(
                    endpoint: endpoint, isJSON: request.isJSON, form: parameters, resources: request.resources,
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
        case authorizationPath: .authorization
        case pushedPath: .pushed
        case backchannelPath: .backchannel
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
        if endpoint == .authorization { return authorization(request) }
        guard request.method == "POST" else { return .error("invalid_request", status: 405) }
        let client = authenticate(request)
        if endpoint == .token, client != nil || !request.namesClient,
            let reply = machineGrant(request, client: client)
        {
            return reply
        }
        guard let client else { return .error("invalid_client", status: 401) }
        return switch endpoint {
        case .metadata: .json(metadata)
        case .keys: .json(keySet)
        case .registration: registration(request)
        case .authorization: authorization(request)
        case .pushed: push(request, client)
        case .backchannel: authenticateBackchannel(request, client)
        case .device: authorizeDevice(request, client)
        case .token: token(request, client)
        case .revocation: revoke(request)
        }
    }

    private func authorizeDevice(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        guard configuration.hasDevice else { return .text("there is nothing here\n", status: 404) }
        let registered = state.withLock { $0.clients[client] }
        let type = configuration.registration?.deviceGrantType ?? Self.deviceGrantType
        guard registered?.grantTypes.contains(type) ?? true else { return .error("unauthorized_client") }
        let challenge = request.form["code_challenge_method"] == "S256" ? request.form["code_challenge"] : nil
        if configuration.requiresProofKey, challenge == nil {
            // Keycloak's message.
            return .error("invalid_request", detail: "Missing parameter: code_challenge_method")
        }
        do throws(TokenError) {
            let codes = try state.withLock { state throws(TokenError) in
                let grant = try Grant(client: client, request.form, state.authentication, types: state.detailTypes)
                return state.authorizeDevice(grant, challenge: challenge, now: Date())
            }
            return .json([
                "device_code": codes.deviceCode,
                "user_code": codes.userCode,
                "verification_uri": issuer + "/device",
                "verification_uri_complete": issuer + "/device?user_code=" + codes.userCode,
                "expires_in": configuration.deviceCodeLifetime,
                "interval": configuration.interval,
            ])
        } catch {
            return .error(error.code)
        }
    }

    private func token(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        let form = request.form
        let result: Result<Tokens, TokenError> = state.withLock { state in
            switch form["grant_type"] {
            case Self.deviceGrantType:
                state.poll(form["device_code"] ?? "", client: client, verifier: form["code_verifier"], now: Date())
            case "authorization_code": state.exchange(form, client: client, now: Date())
            case Self.cibaGrantType: state.poll(form["auth_req_id"] ?? "", client: client, isPush: true, now: Date())
            case "refresh_token":
                state.refresh(
                    form["refresh_token"] ?? "", client: client, scope: form["scope"], resources: request.resources,
                    details: form["authorization_details"])
            default: .failure(TokenError("unsupported_grant_type"))
            }
        }
        switch result {
        case .failure(let error): return .error(error.code)
        case .success(let tokens): return reply(tokens, form["grant_type"] ?? "")
        }
    }

    private func reply(_ tokens: Tokens, _ grantType: String) -> IssuerReply {
        let isFirst = grantType != "refresh_token"
        let lifetime = (isFirst ? configuration.firstAccessTokenLifetime : nil) ?? configuration.accessTokenLifetime
        let (details, hasIDToken) = state.withLock { state in
            state.accessTokenEnds[tokens.access] = Date() + Double(lifetime)
            let isWithheld = grantType == Self.cibaGrantType && state.ciba?.issuesIDToken == false
            return (tokens.grant.details.flatMap { state.grantedDetails.value($0.text) }, !isWithheld)
        }
        var members: [String: Any] = [
            "access_token": tokens.access, "token_type": "Bearer", "scope": tokens.grant.scope, "expires_in": lifetime,
        ]
        members["refresh_token"] = tokens.refresh
        members["refresh_token_expires_in"] = configuration.refreshTokenLifetime
        members["authorization_details"] = details.flatMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8))
        }
        let isOpenID = tokens.grant.scope.split(separator: " ").contains("openid")
        if isOpenID, hasIDToken, isFirst || configuration.renewsIDTokens { members["id_token"] = idToken(tokens) }
        return .json(members)
    }

    private func revoke(_ request: IssuerRequest) -> IssuerReply {
        state.withLock { $0.revoke(request.form["token"] ?? "") }
        return IssuerReply(status: 200, contentType: "application/json", body: "", headers: [:])
    }
}
