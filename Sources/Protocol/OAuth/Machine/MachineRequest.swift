public import SecretMemory

/// What a request for a token without a person sends beside scope, target and the client's proof.
public enum MachineRequest: Sendable {
    /// RFC 6749 §4.4.
    case clientCredentials
    /// RFC 7523 §2.1.
    case assertion(SecretBytes)
    /// RFC 8693 §2.1.
    case exchange(TokenExchange)
}

/// The tokens of an exchange, and what is wanted for them (RFC 8693 §2.1).
public struct TokenExchange: Sendable {
    /// A token with the identifier of its type, which the request always names (RFC 8693 §2.1).
    public struct Token: Sendable {
        public let secret: SecretBytes
        public let type: TokenTypeIdentifier

        public init(_ secret: SecretBytes, _ type: TokenTypeIdentifier) {
            self.secret = secret
            self.type = type
        }
    }

    /// On whose behalf the request is made.
    public let subject: Token
    /// Who acts; `nil` if the client itself.
    public let actor: Token?
    /// `nil` if the server chooses.
    public let requested: TokenTypeIdentifier?

    public init(of subject: Token, by actor: Token? = nil, for requested: TokenTypeIdentifier? = nil) {
        self.subject = subject
        self.actor = actor
        self.requested = requested
    }
}

extension MachineRequest {
    var secrets: [SecretBytes] {
        switch self {
        case .clientCredentials: []
        case .assertion(let assertion): [assertion]
        case .exchange(let exchange): [exchange.subject.secret, exchange.actor?.secret].compactMap(\.self)
        }
    }

    var parameters: [FormEncoding.Parameter] {
        switch self {
        case .clientCredentials: return [.plain("grant_type", "client_credentials")]
        case .assertion(let assertion):
            return [
                .plain("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), .secret("assertion", assertion),
            ]
        case .exchange(let exchange):
            var parameters: [FormEncoding.Parameter] = [
                .plain("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                .secret("subject_token", exchange.subject.secret),
                .plain("subject_token_type", exchange.subject.type.text),
            ]
            if let actor = exchange.actor {
                parameters += [.secret("actor_token", actor.secret), .plain("actor_token_type", actor.type.text)]
            }
            if let requested = exchange.requested { parameters.append(.plain("requested_token_type", requested.text)) }
            return parameters
        }
    }
}

extension AuthorizationServer {
    /// Requests a token without a person. `resources` (RFC 8707 §2) and `audience` say where it will be used, `details`
    /// (RFC 9396 §6) what for. `claims` is that of a challenge, as JSON text.
    public func request(
        _ request: MachineRequest, scopes: [String], resources: [String] = [], audience: String? = nil,
        details: AuthorizationDetails? = nil, claims: String? = nil
    ) async -> MachineReply {
        let parameters =
            request.parameters + scope(scopes) + Self.target(resources, audience, details) + demands(claims: claims)
        do throws(RequestFailure) {
            let proof = try proof(at: endpoints.token)
            let reply = try await post(
                parameters + proof.parameters, to: endpoints.token, as: proof, holding: request.secrets)
            return MachineReply(reply, to: request)
        } catch {
            return MachineReply(error)
        }
    }
}
