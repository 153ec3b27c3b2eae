public import SecretMemory

/// Dynamic client registration (RFC 7591) and its deletion (RFC 7592).
public struct ClientRegistration: Sendable {
    private let transport: any HTTPTransport

    /// For all attempts together: the user waits, and has nothing to approve yet.
    private static let timeLimit: Duration = .seconds(15)

    public init(transport: any HTTPTransport) { self.transport = transport }

    /// Registers a client at the metadata's registration endpoint. `initialToken` is the initial access token of some
    /// providers (RFC 7591 §1.2), sent nowhere else. `authentication` defaults to what the server supports best.
    public func register(
        _ metadata: ServerMetadata, scopes: [String], grant: RegistrationGrant = .device,
        authentication: ClientAuthentication? = nil, encoding: RequestEncoding = .form,
        initialToken: SecretBytes? = nil, now: @Sendable () -> ContinuousClock.Instant = { .now }
    ) async throws(RegistrationFailure) -> RegisteredClient {
        let deadline = now() + Self.timeLimit
        guard let url = metadata.registrationEndpoint else {
            let refusal = metadata.refusedEndpoints["registration_endpoint"]
            throw .unsupported(
                detail: refusal.map { "the provider's registration endpoint is refused: \($0)" }
                    ?? "the provider offers no registration"
            )
        }
        var request = RegistrationRequest(
            scopes: scopes,
            authentication: authentication
                ?? RegistrationRequest.authentication(supported: metadata.tokenEndpointAuthMethods, grant: grant),
            encoding: encoding,
            grant: grant
        )
        for _ in 1..<RegistrationRequest.mostAttempts {
            let (reply, refusal) = try await send(request, to: url, initialToken, within: deadline - now())
            guard let refusal, let next = request.next(after: refusal) else {
                return try await client(reply, url, metadata, grant)
            }
            request = next
        }
        return try await client(
            try await send(request, to: url, initialToken, within: deadline - now()).reply, url, metadata, grant
        )
    }

    /// Deletes a registration (RFC 7592 §2.3).
    public func delete(_ client: ClientManagement) async -> RevocationReply {
        let request = HTTPRequest(
            method: .delete, url: client.url, headers: headers(client.token), timeLimit: Self.timeLimit
        )
        do throws(TransportFailure) {
            return RevocationReply(ProviderReply(try await transport.send(request), secrets: [client.token]))
        } catch {
            return RevocationReply(error)
        }
    }

    private func send(
        _ request: RegistrationRequest, to url: EndpointURL, _ initialToken: SecretBytes?, within limit: Duration
    ) async throws(RegistrationFailure) -> (reply: ProviderReply, refusal: RegistrationRefusal?) {
        guard limit > .zero else {
            throw .transport(.timedOut("no client is registered within \(Self.timeLimit.components.seconds) s"))
        }
        let request = HTTPRequest(
            method: .post,
            url: url,
            headers: headers(initialToken) + [(name: "Content-Type", value: "application/json")],
            body: request.body,
            timeLimit: limit
        )
        do throws(TransportFailure) {
            let response = try await transport.send(request)
            let reply = ProviderReply(response, secrets: [initialToken].compactMap(\.self))
            return (reply, RegistrationRefusal(response, reply))
        } catch {
            throw .transport(error)
        }
    }

    /// A header is text, so this copy of the token cannot be wiped.
    private func headers(_ token: SecretBytes?) -> [(name: String, value: String)] {
        let authorization = token.map { (name: "Authorization", value: "Bearer \($0.revealedText())") }
        return [(name: "Accept", value: "application/json")] + [authorization].compactMap(\.self)
    }

    /// Deletes a client that turns out to be unusable from the provider.
    private func client(
        _ reply: ProviderReply, _ url: EndpointURL, _ metadata: ServerMetadata, _ grant: RegistrationGrant
    ) async throws(RegistrationFailure) -> RegisteredClient {
        let fields = try reply.registration()
        var client = try RegisteredClient(fields, origins: [url.origin, metadata.issuer.origin])
        do throws(RegisteredClient.Unusable) { try client.settle(fields, for: grant) } catch {
            if let management = client.management { _ = await delete(management) }
            throw error.failure
        }
        return client
    }
}

/// The reason why registration failed.
public enum RegistrationFailure: Error, Equatable, Sendable {
    /// No reply, or the server is temporarily unavailable (429, 5xx).
    case transport(TransportFailure)
    /// The provider's metadata has no usable registration endpoint.
    case unsupported(detail: String)
    /// `status` is `nil` if the server did register a client.
    case refused(detail: String, status: Int?)
    /// A client is registered, but not for the device grant.
    case noDeviceGrant(detail: String)
    /// A client is registered, but not for the other grant that was requested.
    case noGrant(detail: String)
    /// A reply that violates the protocol.
    case badResponse(detail: String)
}

extension ProviderReply {
    /// The members of a registration response: 201 (RFC 7591 §3.2.1), or 200 from Glewlwyd.
    package func registration() throws(RegistrationFailure) -> ReplyFields {
        if isTemporary || error?.meaning == .notNow { throw .transport(.unreachable(summary)) }
        guard isSuccess, error == nil else { throw .refused(detail: summary, status: status) }
        guard let fields = body.fields else { throw .badResponse(detail: content) }
        return fields
    }
}
