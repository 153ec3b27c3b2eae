public import SecretMemory

/// A client of one authorization server: each function sends one request.
public struct AuthorizationServer: Sendable {
    public let endpoints: ProviderEndpoints
    public let client: Client
    let dialect: RequestDialect
    /// `nil` if it is the token endpoint's URL.
    private let assertionAudience: String?
    /// The issuer's origin; `nil` if only endpoints are known.
    private let issuerOrigin: String?
    let transport: any HTTPTransport

    public init(
        endpoints: ProviderEndpoints, client: Client, dialect: RequestDialect = RequestDialect(),
        assertionAudience: String? = nil, issuer: Issuer? = nil, transport: any HTTPTransport
    ) {
        self.endpoints = endpoints
        self.client = client
        self.dialect = dialect
        self.assertionAudience = assertionAudience
        issuerOrigin = issuer?.origin
        self.transport = transport
    }

    /// Requests a device code and a user code (RFC 8628 §3.1; RFC 7636 §4.3 with a proof key). `resources` and
    /// `audience` say where the tokens will be used, `details` what for. `acrValues` and `maxAge` (in seconds) say how the
    /// user must authenticate; for this grant they are an extension of some servers, as `claims` (JSON text) is. They all
    /// override the dialect's parameters of those names.
    public func authorizeDevice(
        scopes: [String], resources: [String] = [], audience: String? = nil, details: AuthorizationDetails? = nil,
        acrValues: [String] = [], maxAge: Int? = nil, claims: String? = nil, proofKey: ProofKey? = nil
    ) async throws(OAuthFailure) -> DeviceAuthorization {
        let url = try endpoints.requiredDevice()
        let reply: ProviderReply
        do throws(RequestFailure) {
            let proof = try proof(at: url)
            var parameters = proof.parameters
            // RFC 8628 §3.1 requires client_id unless the client authenticates; INDIGO IAM requires it even then.
            // Without a secret it is not a second authentication method.
            if client.authentication == .clientSecretBasic { parameters.append(.plain("client_id", client.id)) }
            if !dialect.encoding.scopesBelongToClient { parameters += scope(scopes) }
            if let proofKey {
                parameters.append(.plain("code_challenge", proofKey.challenge))
                parameters.append(.plain("code_challenge_method", "S256"))
            }
            let target = Self.target(resources, audience, details) + demands(acrValues, maxAge: maxAge, claims: claims)
            parameters += target
            let taken = Set(target.map(\.name))
            parameters += dialect.deviceParameters.sorted { $0.key < $1.key }
                .compactMap { taken.contains($0.key) ? nil : .plain($0.key, $0.value) }
            reply = try await post(parameters, to: url, as: proof)
        } catch {
            throw OAuthFailure(error)
        }
        return try DeviceAuthorization(reply, origin: issuerOrigin ?? url.origin)
    }

    /// Polls the token endpoint once (RFC 8628 §3.4; RFC 7636 §4.5 with the proof key of the device authorization
    /// request).
    public func poll(_ deviceCode: SecretBytes, proofKey: ProofKey? = nil) async -> PollReply {
        var parameters: [FormEncoding.Parameter] = [
            .plain("grant_type", dialect.deviceGrantType),
            .secret(dialect.deviceCodeParameter, deviceCode),
        ]
        if let proofKey { parameters.append(.secret("code_verifier", proofKey.verifier)) }
        do throws(RequestFailure) {
            let proof = try proof(at: endpoints.token)
            let secrets = [deviceCode, proofKey?.verifier].compactMap(\.self)
            return PollReply(
                try await post(parameters + proof.parameters, to: endpoints.token, as: proof, holding: secrets))
        } catch {
            return PollReply(error)
        }
    }

    /// Exchanges the refresh token for a new access token (RFC 6749 §6). `scopes` can only narrow the grant.
    /// `resources` (RFC 8707 §2) and `audience` (common, but not a standard) say where the token will be used, `details`
    /// (RFC 9396 §6) what for. `claims` is that of a challenge, as JSON text.
    public func refresh(
        _ refreshToken: SecretBytes, scopes: [String]?, resources: [String] = [], audience: String? = nil,
        details: AuthorizationDetails? = nil, claims: String? = nil
    ) async -> RefreshReply {
        var parameters: [FormEncoding.Parameter] = [
            .plain("grant_type", "refresh_token"),
            .secret("refresh_token", refreshToken),
        ]
        parameters += scope(scopes ?? [])
        parameters += Self.target(resources, audience, details) + demands(claims: claims)
        do throws(RequestFailure) {
            let proof = try proof(at: endpoints.token)
            return RefreshReply(
                try await post(parameters + proof.parameters, to: endpoints.token, as: proof, holding: [refreshToken]))
        } catch {
            return RefreshReply(error)
        }
    }

    /// Revokes a token (RFC 7009 §2.1). Where the provider ends sessions instead, a refresh token alone is not enough.
    public func revoke(_ token: SecretBytes, hint: TokenTypeHint) async -> RevocationReply {
        guard let url = endpoints.revocation else { return .unsupported }
        guard revokesTokens else {
            return hint == .accessToken ? await endSession(of: token, at: url) : .unsupported
        }
        let parameters: [FormEncoding.Parameter] = [
            .secret("token", token),
            .plain("token_type_hint", hint.rawValue),
        ]
        do throws(RequestFailure) {
            let proof = try proof(at: url)
            return RevocationReply(try await post(parameters + proof.parameters, to: url, as: proof, holding: [token]))
        } catch {
            return RevocationReply(error)
        }
    }

    static func target(
        _ resources: [String], _ audience: String?, _ details: AuthorizationDetails? = nil
    ) -> [FormEncoding.Parameter] {
        resources.map { .plain("resource", $0) } + (audience.map { [.plain("audience", $0)] } ?? [])
            + (details.map { [.plain("authorization_details", $0.text)] } ?? [])
    }

    /// How the user must have authenticated (OpenID Connect Core 1.0 §3.1.2.1 and §5.5). AWS knows none of them.
    func demands(_ acrValues: [String] = [], maxAge: Int? = nil, claims: String? = nil) -> [FormEncoding.Parameter] {
        guard dialect.encoding.takesTarget else { return [] }
        var parameters: [FormEncoding.Parameter] = []
        if !acrValues.isEmpty { parameters.append(.plain("acr_values", acrValues.joined(separator: " "))) }
        if let maxAge { parameters.append(.plain("max_age", "\(maxAge)")) }
        if let claims { parameters.append(.plain("claims", claims)) }
        return parameters
    }

    /// An empty list is left out (RFC 6749 §3.3).
    func scope(_ scopes: [String]) -> [FormEncoding.Parameter] {
        scopes.isEmpty ? [] : [.words(dialect.scopeParameter, scopes)]
    }

    /// `secrets` are those in the body; they are redacted from the reply, because the server may echo them.
    /// `timeLimit`: `nil` if the transport's own applies.
    func post(
        _ parameters: [FormEncoding.Parameter], to url: EndpointURL, as proof: ClientProof,
        holding secrets: [SecretBytes] = [], timeLimit: Duration? = nil
    ) async throws(RequestFailure) -> ProviderReply {
        try await exchange(parameters, with: url, as: proof, holding: secrets, timeLimit: timeLimit).reply
    }

    /// Sends the request, and retries in the dialect's other encoding if the server cannot parse the first. An unparsed
    /// request has not used up a code or token.
    func exchange(
        _ parameters: [FormEncoding.Parameter], with url: EndpointURL, as proof: ClientProof,
        holding secrets: [SecretBytes], timeLimit: Duration? = nil
    ) async throws(RequestFailure) -> (response: HTTPResponse, reply: ProviderReply) {
        let attempts = dialect.encoding.attempts
        for encoding in attempts.dropLast() {
            let answer = try await exchange(parameters, encoding, with: url, as: proof, holding: secrets, timeLimit)
            if !answer.reply.refusesEncoding { return answer }
        }
        return try await exchange(
            parameters, attempts.last ?? .form, with: url, as: proof, holding: secrets, timeLimit)
    }

    private func exchange(
        _ parameters: [FormEncoding.Parameter], _ encoding: RequestEncoding, with url: EndpointURL,
        as proof: ClientProof, holding secrets: [SecretBytes], _ timeLimit: Duration?
    ) async throws(RequestFailure) -> (response: HTTPResponse, reply: ProviderReply) {
        var headers = [
            (name: "Accept", value: "application/json"),
            (name: "Content-Type", value: encoding.mediaType),
        ]
        if let authorization = proof.authorization { headers.append((name: "Authorization", value: authorization)) }
        let request = HTTPRequest(
            method: .post, url: url, headers: headers, body: encoding.body(parameters),
            timeLimit: timeLimit, certificate: proof.certificate
        )
        do throws(TransportFailure) {
            let response = try await transport.send(request)
            return (response, ProviderReply(response, secrets: secrets + proof.secrets))
        } catch {
            throw .transport(error)
        }
    }
}

extension AuthorizationServer {
    /// The places that are known to be the provider's: of the issuer, and of the endpoints that a login uses.
    var origins: Set<String> {
        Set([issuerOrigin, endpoints.token.origin, endpoints.authorization?.origin].compactMap(\.self))
    }

    /// Creates the client's proof for one request to that endpoint.
    func proof(at url: EndpointURL) throws(RequestFailure) -> ClientProof {
        do throws(ClientProofFailure) {
            let proof = try client.proof(for: audience(at: url))
            guard proof.certificate == nil || url.isSecure else {
                throw ClientProofFailure(
                    "'\(client.authentication.rawValue)' requires TLS, but '\(url)' is plain http",
                    hint: "use an https URL, or another client_auth in the account file"
                )
            }
            return proof
        } catch {
            throw .client(error)
        }
    }

    /// Returns the audience of an assertion sent to this endpoint. Metadata may name endpoints on foreign hosts; an
    /// assertion for the token endpoint, sent to such a host, could be replayed by it.
    package func audience(at url: EndpointURL) -> String {
        if let assertionAudience { return assertionAudience }
        return url.origin == endpoints.token.origin ? endpoints.token.text : url.text
    }
}
