import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// Registered clients that are replaced: each is deleted at its provider (RFC 7592).
struct ReplacedClientTests {
    private static let other = "https://other.example"

    private static func metadata(_ issuer: String) -> FakeProvider.Answer {
        .json(
            200,
            """
            {"issuer":"\(issuer)","device_authorization_endpoint":"\(issuer)/device",
            "token_endpoint":"\(issuer)/token","revocation_endpoint":"\(issuer)/revocation",
            "registration_endpoint":"\(issuer)/register"}
            """)
    }

    private static func registered(_ id: String, at issuer: String, members: String = "") -> FakeProvider.Answer {
        .json(
            201,
            """
            {"client_id":"\(id)","registration_access_token":"manage-\(id)",
            "registration_client_uri":"\(issuer)/\(id)/register"\(members)}
            """)
    }

    private func fixture(members: String = "") throws -> AgentFixture {
        let fixture = try AgentFixture()
        fixture.provider.register(Self.registered("c1", at: FakeProvider.issuer, members: members))
        return fixture
    }

    private func isDone(_ event: LoginEvent?) -> Bool {
        if case .done? = event { true } else { false }
    }

    /// Lets a restarted agent process its queue. Returns the URLs and tokens of the deletions.
    private func deletions(
        _ earlier: AgentFixture, answer: FakeProvider.Answer = .json(204, "")
    ) async throws -> [String] {
        let fixture = try AgentFixture(restarting: earlier)
        fixture.provider.script(.metadata, Self.metadata(FakeProvider.issuer))
        fixture.provider.script(.register, answer)
        let running = Task { try? await fixture.agent.run() }
        defer { running.cancel() }
        await eventually {
            fixture.time.advance(by: .seconds(1))
            return fixture.keyring.records.keys.allSatisfy { $0.purpose == .login }
        }
        return fixture.provider.all(.register).filter { $0.method == .delete }.map { request in
            let authorization = request.headers.first { $0.name == "Authorization" }?.value ?? ""
            return "\(request.url.text) \(authorization)"
        }
    }

    private static func deletion(_ id: String, at issuer: String = FakeProvider.issuer) -> String {
        "\(issuer)/\(id)/register Bearer manage-\(id)"
    }

    @Test("a login at another issuer deletes the earlier one's client, after its token is revoked")
    func otherIssuer() async throws {
        let fixture = try fixture()
        #expect(isDone(try await RegistrationTests.completeLogin(fixture)))
        fixture.provider.script(.metadata, Self.metadata(Self.other))
        fixture.provider.script(.register, Self.registered("c2", at: Self.other))
        #expect(
            isDone(
                try await RegistrationTests.completeLogin(
                    fixture, LoginRequest(settings: LoginSettings(issuer: Self.other)))))

        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.metadata, Self.metadata(FakeProvider.issuer))
        restarted.provider.script(.register, .json(204, ""))
        restarted.provider.script(.revocation, .json(503, ""), .json(503, ""), .json(200, ""))
        let running = Task { try? await restarted.agent.run() }
        defer { running.cancel() }
        await eventually { !restarted.provider.requests(.revocation).isEmpty }
        for _ in 0..<100 { await Task.yield() }
        #expect(restarted.provider.all(.register).isEmpty)
        await eventually {
            restarted.time.advance(by: .seconds(1))
            return !restarted.provider.all(.register).isEmpty
        }
        #expect(restarted.provider.requests(.revocation).count == 3)
        #expect(restarted.provider.requests(.revocation).allSatisfy { $0.contains("client_id=c1") })
        #expect(restarted.provider.urls(.register) == ["\(FakeProvider.issuer)/c1/register"])
    }

    @Test("a client whose login was cancelled is deleted when another issuer's replaces it")
    func cancelled() async throws {
        let fixture = try fixture()
        let log = try await fixture.login(RegistrationTests.request)
        _ = await log.prompt()
        try await fixture.agent.cancelLogin(fixture.name)
        fixture.provider.script(.metadata, Self.metadata(Self.other))
        fixture.provider.script(.register, Self.registered("c2", at: Self.other))
        let request = LoginRequest(settings: LoginSettings(issuer: Self.other, scopes: ["openid"]))
        #expect(isDone(try await RegistrationTests.completeLogin(fixture, request)))
        #expect(try await deletions(fixture) == [Self.deletion("c1")])
    }

    @Test("a client whose secret has expired is deleted when a new one replaces it; a valid one is kept")
    func expired() async throws {
        let fixture = try fixture(members: #","client_secret":"s","client_secret_expires_at":1"#)
        #expect(isDone(try await RegistrationTests.completeLogin(fixture)))
        fixture.provider.script(.register, Self.registered("c2", at: FakeProvider.issuer))
        for _ in 0..<2 { #expect(isDone(try await RegistrationTests.completeLogin(fixture, LoginRequest()))) }
        #expect(try await deletions(fixture) == [Self.deletion("c1")])
    }

    @Test("a registered client is deleted when a configured one replaces it")
    func byHand() async throws {
        let fixture = try fixture()
        #expect(isDone(try await RegistrationTests.completeLogin(fixture)))
        #expect(
            isDone(
                try await RegistrationTests.completeLogin(
                    fixture, LoginRequest(settings: LoginSettings(clientID: "tv")))))
        #expect(try await deletions(fixture) == [Self.deletion("c1")])
    }

    @Test("a login that moves to another store leaves no client in the one before")
    func otherStore() async throws {
        let fixture = try fixture()
        #expect(isDone(try await RegistrationTests.completeLogin(fixture)))
        fixture.provider.script(.register, Self.registered("c2", at: FakeProvider.issuer))
        #expect(
            isDone(
                try await RegistrationTests.completeLogin(
                    fixture, LoginRequest(settings: LoginSettings(store: "memory")))))
        #expect(fixture.keyring.records.keys.allSatisfy { $0.purpose != .login })
        #expect(try await deletions(fixture) == [Self.deletion("c1")])
    }

    @Test("while the provider is down, the deletion stays queued")
    func down() async throws {
        let fixture = try fixture()
        #expect(isDone(try await RegistrationTests.completeLogin(fixture)))
        #expect(
            isDone(
                try await RegistrationTests.completeLogin(
                    fixture, LoginRequest(settings: LoginSettings(clientID: "tv")))))
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.register, .failure(.unreachable("no route")))
        let running = Task { try? await restarted.agent.run() }
        await eventually { !restarted.provider.all(.register).isEmpty }
        running.cancel()
        _ = await running.value
        #expect(restarted.keyring.records.values.compactMap(PendingRevocation.init).count == 1)
        #expect(try await deletions(restarted) == [Self.deletion("c1")])
    }
}
