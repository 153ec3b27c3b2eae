import Agent
import AgentAPI
import Formats
import Foundation
import OAuth
import SecretMemory
import TestSupport
import Testing

/// T6: the client authentication of an account, from discovery and from the account file.
struct ClientAuthenticationTests {
    private func fixture(methods: String? = nil, algorithms: String? = nil) throws -> AgentFixture {
        let fixture = try AgentFixture()
        var members = [
            #""issuer":"\#(FakeProvider.issuer)""#, #""token_endpoint":"\#(FakeProvider.issuer)/token""#,
            #""device_authorization_endpoint":"\#(FakeProvider.issuer)/device""#,
            #""revocation_endpoint":"\#(FakeProvider.issuer)/revocation""#,
            #""mtls_endpoint_aliases":{"device_authorization_endpoint":"https://mtls.example/device"}"#,
        ]
        if let methods { members.append(#""token_endpoint_auth_methods_supported":\#(methods)"#) }
        if let algorithms { members.append(#""token_endpoint_auth_signing_alg_values_supported":\#(algorithms)"#) }
        fixture.provider.script(.metadata, .json(200, "{\(members.joined(separator: ","))}"))
        return fixture
    }

    private func file(_ fixture: AgentFixture, _ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        let path = try fixture.files.file(name, text)
        chmod(path, mode)
        return path
    }

    private func keyFile(_ fixture: AgentFixture, mode: mode_t = 0o600) throws -> String {
        try file(fixture, "client.pem", try TestKeys.p256(), mode: mode)
    }

    private func request(_ change: (inout LoginSettings) -> Void) -> LoginRequest {
        var settings = AgentFixture.settings
        change(&settings)
        return LoginRequest(settings: settings)
    }

    /// Returns the parameters of the first device authorization request, and ends the login.
    private func deviceForm(_ fixture: AgentFixture, _ request: LoginRequest) async throws -> [String: String] {
        let log = try await fixture.login(request)
        let prompt = await log.prompt()
        #expect(prompt != nil, "\(log.soFar)")
        if prompt != nil { try await fixture.agent.cancelLogin(fixture.name) }
        return form(fixture.provider.requests(.device).last ?? "")
    }

    private func form(_ body: String) -> [String: String] {
        Dictionary(
            body.split(separator: "&").map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                return (parts[0], (parts.last ?? "").removingPercentEncoding ?? "")
            }, uniquingKeysWith: { $1 })
    }

    private func header(_ assertion: String?) throws -> String {
        let part = try #require(assertion?.split(separator: ".").first)
        return String(decoding: try #require(Base64URL.decode(part.utf8)), as: UTF8.self)
    }

    private func failure(_ fixture: AgentFixture, _ request: LoginRequest) async throws -> LoginFailure? {
        guard case .failed(let failure)? = await (try fixture.login(request)).events().last else { return nil }
        #expect(fixture.provider.requests(.device).isEmpty)
        return failure
    }

    @Test("T6: with a secret, client_secret_jwt is used if the metadata lists no other secret method")
    func secretFromDiscovery() async throws {
        let fixture = try fixture(methods: #"["client_secret_jwt","private_key_jwt"]"#, algorithms: #"["HS256"]"#)
        let form = try await deviceForm(fixture, request { $0.clientSecret = "s3cret-of-the-client" })
        #expect(try header(form["client_assertion"]).contains("HS256"))
        #expect(form["client_secret"] == nil)
        #expect(!fixture.provider.requests(.device).joined().contains("s3cret"))
    }

    @Test("T6: with a key file, the metadata's private_key_jwt is used, and the account file keeps the path")
    func keyFromDiscovery() async throws {
        let fixture = try fixture(methods: #"["client_secret_basic","private_key_jwt"]"#)
        let path = try keyFile(fixture)
        fixture.provider.script(.token, .error("authorization_pending"), .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(request { $0.clientKeyFile = path })
        await fixture.passInterval()
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        let forms = (fixture.provider.requests(.device) + fixture.provider.requests(.token)).map(form)
        #expect(forms.count == 3)
        #expect(try forms.allSatisfy { try header($0["client_assertion"]).contains("ES256") })
        // Each request has its own assertion, also each poll.
        #expect(Set(forms.map { $0["client_assertion"] }).count == 3)
        #expect(fixture.provider.all(.metadata).allSatisfy { $0.body == nil })

        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a2"))
        #expect(try await restarted.agent.token(restarted.name, TokenRequest()).accessToken == "a2")
        #expect(restarted.provider.requests(.token).last?.contains("client_assertion=") == true)
    }

    @Test("T6: client_auth wins over the metadata")
    func overridden() async throws {
        let fixture = try fixture(methods: #"["client_secret_basic"]"#)
        let form = try await deviceForm(
            fixture,
            request {
                $0.clientSecret = "s3cret-of-the-client"
                $0.clientAuthentication = "client_secret_jwt"
            })
        #expect(form["client_assertion"] != nil)
    }

    @Test("T6: a certificate and its key are used at the mTLS endpoints, and are not in a body")
    func certificate() async throws {
        let fixture = try fixture(methods: #"["tls_client_auth","client_secret_basic"]"#)
        let (key, certificate) = (
            try keyFile(fixture),
            try file(
                fixture, "client.crt", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", mode: 0o644)
        )
        let form = try await deviceForm(
            fixture,
            request {
                $0.clientKeyFile = key
                $0.clientCertificateFile = certificate
            })
        #expect(form["client_id"] == "tv" && form["client_assertion"] == nil)
        let sent = try #require(fixture.provider.all(.device).last)
        #expect(sent.url.text == "https://mtls.example/device")
        #expect(sent.certificate?.key.revealedText().contains("PRIVATE KEY") == true)
        #expect(sent.certificate?.chain.revealedText().contains("CERTIFICATE") == true)
        #expect(fixture.provider.all(.metadata).allSatisfy { $0.certificate == nil })
    }

    @Test("T6: a key that others can read is refused before a request, with the command that repairs it")
    func openKey() async throws {
        let fixture = try fixture()
        let path = try keyFile(fixture, mode: 0o640)
        let failure = try await failure(fixture, request { $0.clientKeyFile = path })
        #expect(failure?.code == "configuration_error")
        #expect(failure?.detail.contains("others may read this file") == true)
        #expect(failure?.hint == "run 'chmod 600 \(path)'")
    }

    @Test(
        "T6: a method without its key or certificate names the account key to set",
        arguments: [
            ("private_key_jwt", "client_key_file"), ("tls_client_auth", "client_certificate_file"),
            ("self_signed_tls_client_auth", "client_certificate_file"),
        ])
    func missingFile(method: String, key: String) async throws {
        let fixture = try fixture()
        await #expect {
            _ = try await fixture.login(request { $0.clientAuthentication = method })
        } throws: { error in
            (error as? Problem)?.detail.contains(method) == true && (error as? Problem)?.hint?.contains(key) == true
        }
    }

    @Test("T6: a method that needs a secret names it if there is none")
    func missingSecret() async throws {
        for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt"] {
            let fixture = try fixture()
            let failure = try await failure(fixture, request { $0.clientAuthentication = method })
            #expect(failure?.code == "configuration_error")
            #expect(failure?.hint.contains("client_secret_file") == true, "\(method)")
        }
    }

    @Test("T6: a key of a type that the provider does not list is refused before a request")
    func unlistedAlgorithm() async throws {
        let fixture = try fixture(methods: #"["private_key_jwt"]"#, algorithms: #"["RS256","PS256"]"#)
        let path = try keyFile(fixture)
        let failure = try await failure(fixture, request { $0.clientKeyFile = path })
        #expect(failure?.detail == "the client signs with ES256, but the provider accepts RS256, PS256")
    }

    @Test("T6: a renewed key is used at the next request; a missing one does not end a login")
    func renewedKey() async throws {
        let fixture = try fixture(methods: #"["private_key_jwt"]"#)
        let path = try keyFile(fixture)
        fixture.provider.script(
            .token, .grant(access: "a1", refresh: "r1", expiresIn: 10), .grant(access: "a2", expiresIn: 10))
        let log = try await fixture.login(request { $0.clientKeyFile = path })
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        fixture.time.advance(by: .seconds(20))
        try FileManager.default.removeItem(atPath: path)
        await #expect {
            _ = try await fixture.agent.token(fixture.name, TokenRequest())
        } throws: { error in
            (error as? Problem)?.code == .configurationError
                && (error as? Problem)?.detail.contains("client key file is missing") == true
        }
        _ = try file(fixture, "client.pem", try TestKeys.p256WebKey(id: "renewed"))
        // A failed renewal has a back-off.
        fixture.time.advance(by: .seconds(300))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        let last = form(fixture.provider.requests(.token).last ?? "")
        #expect(try header(last["client_assertion"]).contains("renewed"))
    }

    @Test("T6: a queued revocation authenticates the client by its key, also after a restart")
    func laterRevocation() async throws {
        let fixture = try fixture(methods: #"["private_key_jwt"]"#)
        let path = try keyFile(fixture)
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(request { $0.clientKeyFile = path })
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        fixture.provider.script(.revocation, .json(503, ""))
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        let asked = form(fixture.provider.requests(.revocation).last ?? "")
        let restarted = try AgentFixture(restarting: fixture)
        let service = Task { try await restarted.agent.run() }
        await eventually { !restarted.provider.requests(.revocation).isEmpty }
        let again = form(restarted.provider.requests(.revocation).last ?? "")
        #expect(asked["token"] == "r1" && again["token"] == "r1")
        #expect(try header(asked["client_assertion"]).contains("ES256"))
        #expect(try header(again["client_assertion"]).contains("ES256"))
        #expect(asked["client_assertion"] != again["client_assertion"])
        service.cancel()
        _ = await service.result
    }
}
