public import SecretMemory

/// A request to authenticate a user on another device (OpenID CIBA Core 1.0 §7.1), by a client that polls.
public struct BackchannelRequest: Sendable {
    /// Who is to authenticate. The provider takes exactly one.
    public enum Hint: Sendable {
        /// As the provider knows the user: a name, an address, or what its documentation says.
        case login(String)
        /// An ID token of the same provider.
        case idToken(SecretBytes)
        /// What another service of the provider issued.
        case token(SecretBytes)
    }

    /// The request adds `openid`, which is required.
    public var scopes: [String]
    public var hint: Hint
    /// Shown here and on the user's device.
    public var bindingMessage: String?
    /// In order of preference.
    public var acrValues: [String] = []
    /// In seconds.
    public var requestedExpiry: Int?
    /// What only the user knows, against requests by others; for providers that ask for it.
    public var userCode: SecretBytes?
    /// RFC 9396 §2.
    public var details: AuthorizationDetails?
    /// RFC 8707 §2.
    public var resources: [String] = []
    public var audience: String?

    public init(scopes: [String], hint: Hint) {
        self.scopes = scopes
        self.hint = hint
    }
}

extension BackchannelRequest {
    /// Of the parameters.
    var secrets: [SecretBytes] {
        let hint: SecretBytes? =
            switch self.hint {
            case .login: nil
            case .idToken(let token), .token(let token): token
            }
        return [hint, userCode].compactMap(\.self)
    }

    /// All but the scope.
    var parameters: [FormEncoding.Parameter] {
        let hint: FormEncoding.Parameter =
            switch self.hint {
            case .login(let hint): .plain("login_hint", hint)
            case .idToken(let token): .secret("id_token_hint", token)
            case .token(let token): .secret("login_hint_token", token)
            }
        var parameters = [hint]
        if let bindingMessage { parameters.append(.plain("binding_message", bindingMessage)) }
        if let requestedExpiry { parameters.append(.plain("requested_expiry", "\(requestedExpiry)")) }
        if let userCode { parameters.append(.secret("user_code", userCode)) }
        return parameters
    }
}

extension AuthorizationServer {
    /// Asks the provider to authenticate the user on another device (OpenID CIBA Core 1.0 §7.1). The client must be a
    /// confidential one.
    public func authenticateBackchannel(
        _ request: BackchannelRequest
    ) async throws(OAuthFailure) -> BackchannelAuthentication {
        let url = try endpoints.requiredBackchannel()
        let reply: ProviderReply
        do throws(RequestFailure) {
            let proof = try proof(at: url)
            let scopes = request.scopes.contains("openid") ? request.scopes : ["openid"] + request.scopes
            reply = try await post(
                scope(scopes) + request.parameters + demands(request.acrValues)
                    + Self.target(request.resources, request.audience, request.details) + proof.parameters,
                to: url, as: proof, holding: request.secrets)
        } catch {
            throw OAuthFailure(error)
        }
        return try BackchannelAuthentication(reply)
    }

    /// A provider may hold a poll open, for 30 s at most (OpenID CIBA Core 1.0 §11.1).
    private static let pollTimeLimit: Duration = .seconds(60)

    /// Polls the token endpoint once (OpenID CIBA Core 1.0 §10.1). Send one request at a time.
    public func pollBackchannel(_ id: SecretBytes) async -> PollReply {
        let parameters: [FormEncoding.Parameter] = [
            .plain("grant_type", RegistrationGrant.backchannel.grantType), .secret("auth_req_id", id),
        ]
        do throws(RequestFailure) {
            let proof = try proof(at: endpoints.token)
            return PollReply(
                try await post(
                    parameters + proof.parameters, to: endpoints.token, as: proof, holding: [id],
                    timeLimit: Self.pollTimeLimit))
        } catch {
            // A poll that was held open for too long does not mean an overloaded server.
            if case .transport(.timedOut(let detail)) = error {
                return .transient(detail: detail, backsOff: false, retryAfter: nil)
            }
            return PollReply(error)
        }
    }
}
