import Agent
import AgentAPI
import Foundation
import OAuth
import TestSupport
import Testing
import Vault

/// Deviations of providers from the standards, and how an account handles them.
struct CarelessProviderTests {
    private static let issuer = FakeProvider.issuer

    private func publish(_ fixture: AgentFixture, methods: String) {
        fixture.provider.script(
            .metadata,
            .json(
                200,
                """
                {"issuer":"\(Self.issuer)","device_authorization_endpoint":"\(Self.issuer)/device",
                "token_endpoint":"\(Self.issuer)/token","token_endpoint_auth_methods_supported":\(methods)}
                """))
    }

    private static let device = FakeProvider.Answer.json(
        200, #"{"device_code":"d","user_code":"U","verification_uri":"\#(issuer)/v","interval":5}"#)

    private func request(secret: String?, scopes: [String] = ["openid"]) -> LoginRequest {
        LoginRequest(settings: LoginSettings(issuer: Self.issuer, clientID: "tv", clientSecret: secret, scopes: scopes))
    }

    private static let both = #"["client_secret_basic","client_secret_post"]"#

    @Test("a secret that HTTP Basic must encode is sent once in the body, which the login remembers")
    func basicNotDecoded() async throws {
        for secret in ["a+b", "a/b", "a=b", "a:b", "100%", "a b"] {
            let fixture = try AgentFixture()
            publish(fixture, methods: Self.both)
            fixture.provider.script(.device, .error("invalid_client", status: 401), Self.device)
            fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
            let log = try await fixture.login(request(secret: secret))
            await fixture.passInterval()
            guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
            let device = fixture.provider.all(.device)
            #expect(device.map { $0.headers.contains { $0.name == "Authorization" } } == [true, false])
            #expect(fixture.provider.requests(.token).allSatisfy { $0.contains("client_secret=") })

            let restarted = try AgentFixture(restarting: fixture)
            publish(restarted, methods: Self.both)
            restarted.provider.script(.token, .error("invalid_client", status: 401))
            _ = try? await restarted.agent.token(restarted.name, TokenRequest())
            let refreshes = restarted.provider.requests(.token)
            #expect(refreshes.count == 1, "a refresh is not sent twice")
            #expect(refreshes[0].contains("client_secret="))
        }
    }

    @Test("a server that refuses only the poll gets the secret in the body as well")
    func basicNotDecodedAtPoll() async throws {
        let fixture = try AgentFixture()
        publish(fixture, methods: Self.both)
        fixture.provider.script(
            .token, .error("invalid_client", status: 401), .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(request(secret: "a+b"))
        await fixture.passInterval()
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(fixture.provider.requests(.token).map { $0.contains("client_secret=") } == [false, true])
    }

    @Test("unchanged by the encoding, not listed, or a configured method: the secret is not sent in the body")
    func basicAsItIs() async throws {
        for (secret, methods, chosen) in [
            ("plain-secret", Self.both, nil), ("a+b", #"["client_secret_basic"]"#, nil),
            ("a+b", Self.both, "client_secret_basic"),
        ] as [(String, String, String?)] {
            let fixture = try AgentFixture()
            publish(fixture, methods: methods)
            fixture.provider.script(.device, .error("invalid_client", status: 401), Self.device)
            var request = request(secret: secret)
            request.settings?.clientAuthentication = chosen
            let log = try await fixture.login(request)
            guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
            #expect(failure.code == "invalid_client")
            #expect(failure.hint.contains("--client-auth client_secret_post"))
            #expect(fixture.provider.all(.device).count == 1)
        }
    }

    @Test("invalid_grant at the first poll, not later, means that the provider does not know its own code")
    func firstPoll() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, .json(400, #"{"error":"invalid_grant","error_description":"unknown code"}"#))
        let log = try await fixture.login()
        await fixture.passInterval()
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "invalid_grant")
        #expect(failure.detail == "the provider does not know the code that it has just issued: unknown code")
        #expect(failure.hint.contains("run the same command again"))

        let later = try AgentFixture()
        later.provider.script(.token, .error("authorization_pending"), .error("invalid_grant"))
        let second = try await later.login()
        await later.passInterval()
        await later.passInterval()
        guard case .failed(let other)? = await second.events().last else { return #expect(Bool(false)) }
        #expect(!other.detail.contains("just issued"))
    }

    private func scoped(_ access: String, _ scope: String, refresh: String) -> FakeProvider.Answer {
        .json(
            200,
            """
            {"access_token":"\(access)","token_type":"Bearer","expires_in":3600,"scope":"\(scope)",
            "refresh_token":"\(refresh)"}
            """)
    }

    @Test("a lost scope is shown in the status and with each token; a request that needs it is refused")
    func narrowedForGood() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, scoped("a1", "a b", refresh: "r1"))
        let log = try await fixture.login(request(secret: nil, scopes: ["a", "b"]))
        await fixture.passInterval()
        _ = await log.events()
        fixture.provider.script(.token, scoped("n1", "a", refresh: "r2"))
        _ = try await fixture.agent.token(fixture.name, TokenRequest(target: TokenTarget(scopes: ["a"])))
        #expect(try await fixture.agent.status(of: fixture.name).lastError == nil)
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, scoped("a2", "a", refresh: "r3"))
        let reply = try await fixture.agent.token(fixture.name, TokenRequest())
        #expect(reply.note == "the provider has narrowed the login: it no longer grants the scope 'b'")
        for agent in [fixture, try AgentFixture(restarting: fixture)] {
            let status = try await agent.agent.status(of: fixture.name)
            #expect(status.lastError?.contains("no longer grants the scope 'b'") == true)
            #expect(status.hint == "run 'authagent login work' to get it back")
            #expect(status.state == .ok)
        }
        for answer in [FakeProvider.Answer.error("invalid_scope"), scoped("n2", "a", refresh: "r4")] {
            fixture.provider.script(.token, answer)
            await #expect {
                try await fixture.agent.token(fixture.name, TokenRequest(target: TokenTarget(scopes: ["a", "b"])))
            } throws: { ($0 as? Problem)?.code == .scopeNotGranted }
            fixture.time.advance(by: .seconds(3600))
        }
    }

    @Test("codes and tokens full of punctuation are sent back unchanged, also after a restart")
    func punctuation() async throws {
        let odd = #"%41&a=b+c"\`{}|~ %"#
        let written = odd.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let encoded = "%2541%26a%3Db%2Bc%22%5C%60%7B%7D%7C%7E+%25"
        let fixture = try AgentFixture()
        fixture.provider.script(
            .device,
            .json(
                200,
                #"{"device_code":"\#(written)","user_code":"U","verification_uri":"\#(Self.issuer)/v","interval":5}"#))
        try await fixture.completeLogin(access: "a1", refresh: written)
        #expect(fixture.provider.requests(.token).allSatisfy { $0.contains("device_code=\(encoded)&") })
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a2"))
        #expect(try await restarted.agent.token(restarted.name, TokenRequest()).accessToken == "a2")
        #expect(restarted.provider.requests(.token).first?.contains("refresh_token=\(encoded)") == true)
    }

    @Test("a request for more validity than tokens have causes at most one refresh")
    func minValidTooLong() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        let before = fixture.provider.requests(.token).count
        for _ in 0..<20 {
            let reply = try await fixture.agent.token(fixture.name, TokenRequest(minimumValidity: 7200))
            #expect(reply.note != nil)
        }
        #expect(fixture.provider.requests(.token).count - before <= 1)
    }

    @Test("interaction_required is exit code 3, with the provider's text in the reply and in the status")
    func interaction() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(
            .token, .json(400, #"{"error":"interaction_required","error_description":"AADSTS50076: use MFA"}"#))
        await #expect {
            try await fixture.agent.token(fixture.name, TokenRequest())
        } throws: { error in
            guard let problem = error as? Problem else { return false }
            return problem.code.exitCode == .loginRequired && problem.reason == "interaction_required"
                && problem.detail.contains("AADSTS50076: use MFA")
                && problem.hint?.contains("authagent login work") == true
        }
        let status = try await fixture.agent.status(of: fixture.name)
        #expect(status.state == .loginRequired)
        #expect(status.lastError?.contains("AADSTS50076: use MFA") == true)
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        fixture.time.advance(by: .seconds(300))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(try await fixture.agent.status(of: fixture.name).state == .ok)
    }

    @Test("metadata redirected to another origin is unreachable at a renewal, and the address is named")
    func redirectedAtRenewal() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(
            .metadata, .success(HTTPResponse(status: 302, headers: [("Location", "https://evil.example/x")], body: [])))
        await #expect {
            try await restarted.agent.token(restarted.name, TokenRequest())
        } throws: { error in
            (error as? Problem)?.code == .providerUnreachable
                && (error as? Problem)?.detail.contains("https://evil.example/x") == true
        }
        #expect(restarted.provider.requests(.token).isEmpty)
    }
}
