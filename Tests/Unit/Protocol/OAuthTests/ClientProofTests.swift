import OAuth
import SecretMemory
import Synchronization
import Testing

/// T6: authentication methods that do not send a secret, and PKCE.
@Suite struct ClientProofTests {
    /// A signer that counts, and puts the audience into each assertion.
    private final class Signer: ClientAssertionSigner {
        let count = Mutex(0)
        let failure: ClientProofFailure?

        init(failing failure: ClientProofFailure? = nil) { self.failure = failure }

        func assertion(clientID: String, audience: String) throws(ClientProofFailure) -> SecretBytes {
            if let failure { throw failure }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return SecretBytes("assertion-\(number)-of-\(clientID)-for-\(audience)")
        }
    }

    private static let certificate = ClientCertificate(chain: SecretBytes("chain"), key: SecretBytes("key"))
    private let device = #"{"device_code":"dc-secret","user_code":"u","verification_uri":"https://idp.example/go"}"#

    private func server(
        _ transport: ScriptedTransport, _ client: Client, revocation: String = "https://idp.example/revoke",
        assertionAudience: String? = nil
    ) throws -> AuthorizationServer {
        AuthorizationServer(
            endpoints: try ProviderEndpoints(
                metadata: nil, device: try EndpointURL(parsing: "https://idp.example/device"),
                token: try EndpointURL(parsing: "https://idp.example/token"),
                revocation: try EndpointURL(parsing: revocation)),
            client: client, assertionAudience: assertionAudience, transport: transport)
    }

    private func signing(_ signer: Signer = Signer()) -> Client {
        Client(id: "app", signer: signer, authentication: .privateKeyJWT)
    }

    @Test("T6: every request, also a retry, has a new assertion for the token endpoint")
    func assertions() async throws {
        let transport = ScriptedTransport(
            HTTPResponse(200, device), HTTPResponse(400), HTTPResponse(400), HTTPResponse(400), HTTPResponse(200))
        let server = try server(transport, signing())
        _ = try await server.authorizeDevice(scopes: ["a"])
        _ = await server.poll(SecretBytes("dc"))
        _ = await server.poll(SecretBytes("dc"))
        _ = await server.refresh(SecretBytes("rt"), scopes: nil)
        _ = await server.revoke(SecretBytes("rt"), hint: .refreshToken)
        let type = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        for (number, request) in transport.requests.enumerated() {
            #expect(request.form.filter { $0.hasPrefix("client_id=") } == ["client_id=app"])
            #expect(request.form.contains(type))
            let assertion = "assertion-\(number + 1)-of-app-for-https%3A%2F%2Fidp.example%2Ftoken"
            #expect(request.form.contains("client_assertion=\(assertion)"), "\(request.form)")
            #expect(request.header("Authorization") == nil)
            #expect(request.certificate == nil)
        }
    }

    @Test("T6: an endpoint on another host gets an assertion for itself, never the token endpoint's")
    func otherHost() async throws {
        let transport = ScriptedTransport(HTTPResponse(200), HTTPResponse(200))
        let elsewhere = "https://evil.example/revoke"
        _ = await (try server(transport, signing(), revocation: elsewhere))
            .revoke(SecretBytes("rt"), hint: .refreshToken)
        _ = await (try server(transport, signing(), revocation: elsewhere, assertionAudience: "https://idp.example"))
            .revoke(SecretBytes("rt"), hint: .refreshToken)
        #expect(
            transport.requests[0].form.contains(
                "client_assertion=assertion-1-of-app-for-https%3A%2F%2Fevil.example%2Frevoke"))
        #expect(
            transport.requests[1].form.contains("client_assertion=assertion-1-of-app-for-https%3A%2F%2Fidp.example"))
    }

    @Test("T5, T6: a redirect does not carry an assertion along")
    func redirect() async throws {
        let redirect = HTTPResponse(307, "", [("Location", "https://evil.example/")])
        let transport = ScriptedTransport(redirect, redirect)
        _ = await (try server(transport, signing())).poll(SecretBytes("dc"))
        #expect(transport.requests.map(\.url.origin) == ["https://idp.example"])
    }

    @Test("T6, D7: an assertion and a verifier that the server echoes are not shown")
    func echo() async throws {
        let assertion = "assertion-1-of-app-for-https://idp.example/token"
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let transport = ScriptedTransport(
            HTTPResponse(400, #"{"error":"invalid_client","error_description":"no: \#(assertion) and \#(verifier)"}"#))
        let proofKey = ProofKey(verifier: SecretBytes(verifier), challenge: "c")
        let reply = await (try server(transport, signing())).poll(SecretBytes("dc"), proofKey: proofKey)
        guard case .refused(let error) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(error.detail == "no: <redacted> and <redacted>")
    }

    @Test("T6: a client that cannot sign sends nothing, keeps the login and reports the remedy")
    func cannotSign() async throws {
        let failure = ClientProofFailure("the key is gone", hint: "put it back")
        let transport = ScriptedTransport()
        let server = try server(transport, signing(Signer(failing: failure)))
        await #expect(throws: OAuthFailure.client(failure)) { try await server.authorizeDevice(scopes: []) }
        guard case .transient("the key is gone (put it back)", false, nil) = await server.poll(SecretBytes("dc")),
            case .unconfigured("the key is gone (put it back)") = await server.refresh(SecretBytes("r"), scopes: nil),
            case .retry("the key is gone (put it back)", nil) = await server.revoke(
                SecretBytes("r"), hint: .refreshToken)
        else {
            Issue.record("another outcome")
            return
        }
        #expect(transport.requests.isEmpty)
    }

    @Test("T6: tls_client_auth puts the certificate into the request and the client_id into the body")
    func certificate() async throws {
        let transport = ScriptedTransport(HTTPResponse(200, device), HTTPResponse(400))
        let client = Client(id: "app", authentication: .tlsClientAuth) { Self.certificate }
        let server = try server(transport, client)
        _ = try await server.authorizeDevice(scopes: [])
        _ = await server.refresh(SecretBytes("rt"), scopes: nil)
        #expect(
            transport.requests.map(\.form) == [
                ["client_id=app"], ["grant_type=refresh_token", "refresh_token=rt", "client_id=app"],
            ])
        #expect(transport.requests.allSatisfy { $0.certificate == Self.certificate })
    }

    @Test("T6: a client with a certificate sends nothing over plain http")
    func plainHTTP() async throws {
        let transport = ScriptedTransport()
        let client = Client(id: "app", authentication: .tlsClientAuth) { Self.certificate }
        let server = try server(transport, client, revocation: "http://127.0.0.1:1/revoke")
        guard case .retry(let detail, nil) = await server.revoke(SecretBytes("r"), hint: .refreshToken) else {
            Issue.record("another outcome")
            return
        }
        #expect(detail.contains("requires TLS"))
        #expect(transport.requests.isEmpty)
    }

    @Test(
        "T6: only a client with a certificate uses the metadata's mTLS endpoint aliases")
    func aliases() throws {
        let document = try fields(
            """
            {"issuer":"https://idp.example","token_endpoint":"https://idp.example/token",
            "revocation_endpoint":"https://idp.example/revoke",
            "device_authorization_endpoint":"https://idp.example/device",
            "introspection_endpoint":"https://idp.example/introspect",
            "token_endpoint_auth_signing_alg_values_supported":["ES256"],
            "mtls_endpoint_aliases":{"token_endpoint":"https://mtls.idp.example/token",
            "revocation_endpoint":"http://mtls.idp.example/revoke",
            "device_authorization_endpoint":"https://mtls.idp.example/device",
            "introspection_endpoint":"https://mtls.idp.example/introspect"}}
            """)
        let metadata = try #require(
            try ServerMetadata(document, askedFor: try Issuer(parsing: "https://idp.example")))
        #expect(metadata.assertionAlgorithms == ["ES256"])
        let usual = try ProviderEndpoints(metadata: metadata)
        #expect(usual.token.text == "https://idp.example/token")
        #expect(usual.introspection?.text == "https://idp.example/introspect")
        let byHand = try EndpointURL(parsing: "https://by-hand.example/device")
        let shown = try ProviderEndpoints(metadata: metadata, device: byHand, showsCertificate: true)
        #expect(shown.token.text == "https://mtls.idp.example/token")
        #expect(shown.introspection?.text == "https://mtls.idp.example/introspect")
        // A plain http endpoint is not accepted as an alias.
        #expect(shown.revocation?.text == "https://idp.example/revoke")
        #expect(shown.device == byHand)
        #expect(
            try ProviderEndpoints(metadata: metadata, showsCertificate: true).device?.text
                == "https://mtls.idp.example/device")
    }

    @Test("a code request sends the challenge, each poll the verifier (RFC 7636 §4.3, §4.5)")
    func proofKey() async throws {
        let transport = ScriptedTransport(HTTPResponse(200, device), HTTPResponse(400))
        let server = try server(transport, Client(id: "app", authentication: .none))
        let proofKey = ProofKey(verifier: SecretBytes("verifier"), challenge: "challenge")
        _ = try await server.authorizeDevice(scopes: ["a"], proofKey: proofKey)
        _ = await server.poll(SecretBytes("dc"), proofKey: proofKey)
        #expect(
            transport.requests[0].form
                == ["client_id=app", "scope=a", "code_challenge=challenge", "code_challenge_method=S256"])
        #expect(transport.requests[1].form.suffix(2) == ["code_verifier=verifier", "client_id=app"])
        #expect(!transport.requests[0].form.joined().contains("verifier"))
    }
}
