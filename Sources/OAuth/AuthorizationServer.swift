public import SecretMemory

/// The client's side of one authorization server: each function is one request.
public struct AuthorizationServer: Sendable {
    public let endpoints: ProviderEndpoints
    public let client: Client
    let dialect: RequestDialect
    let transport: any HTTPTransport

    public init(
        endpoints: ProviderEndpoints, client: Client, dialect: RequestDialect = RequestDialect(),
        transport: any HTTPTransport
    ) {
        self.endpoints = endpoints
        self.client = client
        self.dialect = dialect
        self.transport = transport
    }

    /// Asks for a device code and a user code. RFC 8628 §3.1.
    public func authorizeDevice(scopes: [String]) async throws(OAuthFailure) -> DeviceAuthorization {
        let url = try endpoints.requiredDevice()
        var parameters = client.parameters
        // RFC 8628 §3.1 wants the client_id unless the client authenticates; INDIGO IAM wants it even then, and as no
        // secret comes with it, it is no second authentication.
        if client.authentication == .clientSecretBasic { parameters.append(.plain("client_id", client.id)) }
        if !dialect.encoding.scopesBelongToClient { parameters += scope(scopes) }
        parameters += dialect.deviceParameters.sorted { $0.key < $1.key }.map { .plain($0.key, $0.value) }
        let reply: ProviderReply
        do throws(TransportFailure) { reply = try await post(parameters, to: url) } catch { throw .transport(error) }
        return try DeviceAuthorization(reply)
    }

    /// Asks once whether the user has approved. RFC 8628 §3.4.
    public func poll(_ deviceCode: SecretBytes) async -> PollReply {
        let parameters: [FormEncoding.Parameter] = [
            .plain("grant_type", dialect.deviceGrantType),
            .secret(dialect.deviceCodeParameter, deviceCode),
        ]
        do throws(TransportFailure) {
            return PollReply(try await post(parameters + client.parameters, to: endpoints.token, holding: deviceCode))
        } catch {
            return PollReply(error)
        }
    }

    /// Trades the refresh token for a new access token. RFC 6749 §6. Without `scopes` the server grants what it did
    /// before; with them, no more than that. `resources` and `audience` say where the token is to be used (RFC 8707 §2;
    /// `audience` is no standard's, but many servers').
    public func refresh(
        _ refreshToken: SecretBytes, scopes: [String]?, resources: [String] = [], audience: String? = nil
    ) async -> RefreshReply {
        let parameters: [FormEncoding.Parameter] = [
            .plain("grant_type", "refresh_token"),
            .secret("refresh_token", refreshToken),
        ]
        do throws(TransportFailure) {
            var all = parameters + scope(scopes ?? [])
            all += resources.map { .plain("resource", $0) }
            if let audience { all.append(.plain("audience", audience)) }
            return RefreshReply(try await post(all + client.parameters, to: endpoints.token, holding: refreshToken))
        } catch {
            return RefreshReply(error)
        }
    }

    /// Tells the server that the token is no longer needed. RFC 7009 §2.1. Where sessions are ended instead, a refresh
    /// token alone cannot do it.
    public func revoke(_ token: SecretBytes, hint: TokenTypeHint) async -> RevocationReply {
        guard let url = endpoints.revocation else { return .unsupported }
        guard revokesTokens else {
            return hint == .accessToken ? await endSession(of: token, at: url) : .unsupported
        }
        let parameters: [FormEncoding.Parameter] = [
            .secret("token", token),
            .plain("token_type_hint", hint.rawValue),
        ]
        do throws(TransportFailure) {
            return RevocationReply(try await post(parameters + client.parameters, to: url, holding: token))
        } catch {
            return RevocationReply(error)
        }
    }

    /// RFC 6749 §3.3: left out rather than empty.
    private func scope(_ scopes: [String]) -> [FormEncoding.Parameter] {
        scopes.isEmpty ? [] : [.words(dialect.scopeParameter, scopes)]
    }

    /// `secret` is what the body holds, so that the server's words are redacted should it echo it.
    private func post(
        _ parameters: [FormEncoding.Parameter], to url: EndpointURL, holding secret: SecretBytes? = nil
    ) async throws(TransportFailure) -> ProviderReply {
        try await exchange(parameters, with: url, holding: secret).reply
    }

    func exchange(
        _ parameters: [FormEncoding.Parameter], with url: EndpointURL, holding secret: SecretBytes?
    ) async throws(TransportFailure) -> (response: HTTPResponse, reply: ProviderReply) {
        var headers = [
            (name: "Accept", value: "application/json"),
            (name: "Content-Type", value: dialect.encoding.mediaType),
        ]
        let authorization = client.authorization
        if let authorization { headers.append((name: "Authorization", value: authorization)) }
        let response = try await transport.send(
            HTTPRequest(method: .post, url: url, headers: headers, body: dialect.encoding.body(parameters))
        )
        let credentials = authorization.map { SecretBytes($0.dropFirst("Basic ".count).utf8) }
        return (response, ProviderReply(response, secrets: [secret, client.secret, credentials].compactMap(\.self)))
    }
}
