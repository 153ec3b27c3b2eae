import OAuth
import SecretMemory
import Testing

/// Requests for tokens without a person (RFC 6749 §4.4, RFC 7523 §2.1, RFC 8693 §2.1).
struct MachineRequestTests {
    private func form(
        _ request: MachineRequest, client: Client = Client(id: "app", authentication: .none), scopes: [String] = [],
        resources: [String] = [], audience: String? = nil
    ) async throws -> [String] {
        let transport = ScriptedTransport(HTTPResponse(400))
        let endpoints = try ProviderEndpoints(
            metadata: nil, token: try EndpointURL(parsing: "https://idp.example/token"))
        let server = AuthorizationServer(endpoints: endpoints, client: client, transport: transport)
        _ = await server.request(request, scopes: scopes, resources: resources, audience: audience)
        #expect(transport.requests.map(\.url.text) == ["https://idp.example/token"])
        return transport.requests.first?.form ?? []
    }

    @Test("client credentials send grant type, scope, target and the client's secret")
    func clientCredentials() async throws {
        let client = Client(id: "app", secret: SecretBytes("s"), authentication: .clientSecretPost)
        let form = try await form(
            .clientCredentials, client: client, scopes: ["a", "b"], resources: ["https://api.example/"], audience: "x")
        #expect(
            form == [
                "grant_type=client_credentials", "scope=a+b", "resource=https%3A%2F%2Fapi.example%2F", "audience=x",
                "client_id=app", "client_secret=s",
            ])
    }

    @Test("an assertion is sent with its grant type, and a client without an id sends none")
    func assertion() async throws {
        let form = try await form(
            .assertion(SecretBytes("h.p.s")), client: Client(id: "", authentication: .none), scopes: ["a"])
        #expect(
            form == [
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer", "assertion=h.p.s", "scope=a",
            ])
    }

    @Test("an exchange names the type of each token, and an actor only with its type")
    func exchange() async throws {
        let subject = TokenExchange.Token(SecretBytes("st"), .idToken)
        let prefix = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3A"
        let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
        #expect(
            try await form(.exchange(TokenExchange(of: subject)))
                == [grant, "subject_token=st", "subject_token_type=\(prefix)id_token", "client_id=app"])
        let actor = TokenExchange.Token(SecretBytes("at"), .accessToken)
        #expect(
            try await form(.exchange(TokenExchange(of: subject, by: actor, for: .jwt))) == [
                grant, "subject_token=st", "subject_token_type=\(prefix)id_token", "actor_token=at",
                "actor_token_type=\(prefix)access_token", "requested_token_type=\(prefix)jwt", "client_id=app",
            ])
    }

    @Test("a token type is a known name or a URI", arguments: ["", "bearer", ":x", "1a:b", "a b:c", "urn:\u{7F}"])
    func noType(text: String) { #expect(TokenTypeIdentifier(text) == nil) }

    @Test("the name of a token type stands for its URI, in both directions")
    func types() {
        #expect(TokenTypeIdentifier("id-jag")?.text == "urn:ietf:params:oauth:token-type:id-jag")
        #expect(TokenTypeIdentifier("urn:ietf:params:oauth:token-type:jwt") == .jwt)
        #expect(TokenTypeIdentifier("urn:example:own")?.name == "urn:example:own")
        #expect(TokenTypeIdentifier.accessToken.name == "access_token")
    }
}
