import Agent
import AgentAPI
import Foundation
import OAuth
import SecretMemory
import Synchronization
import TestSupport
import Testing
import Vault

/// Accounts without a client id: the provider registers a client for each (RFC 7591).
struct RegistrationTests {
    static let request = LoginRequest(settings: LoginSettings(issuer: FakeProvider.issuer, scopes: ["openid"]))

    static func registered(
        _ id: String = "c1", members: String = "", managed: Bool = true
    ) -> FakeProvider.Answer {
        let management = """
            ,"registration_access_token":"manage-\(id)","registration_client_uri":"\(FakeProvider.issuer)/clients/register"
            """
        return .json(201, #"{"client_id":"\#(id)"\#(managed ? management : "")\#(members)}"#)
    }

    static func fixture(_ answer: FakeProvider.Answer) throws -> AgentFixture {
        let fixture = try AgentFixture()
        fixture.provider.register(answer)
        return fixture
    }

    /// Runs a whole login with a grant at the first poll.
    @discardableResult
    static func completeLogin(
        _ fixture: AgentFixture, _ request: LoginRequest = Self.request
    ) async throws -> LoginEvent? {
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(request)
        await fixture.passInterval()
        return await log.events().last
    }

    private func deletions(_ fixture: AgentFixture) -> [HTTPRequest] {
        fixture.provider.all(.register).filter { $0.method == .delete }
    }

    /// Returns the number of queued deletions.
    private func queued(_ fixture: AgentFixture) -> Int {
        fixture.keyring.records.values.compactMap(PendingRevocation.init).count { $0.deletesClient }
    }

    /// Lets the agent process its queue.
    private func runQueue(_ fixture: AgentFixture, until isDone: () -> Bool) async {
        let running = Task { try? await fixture.agent.run() }
        await eventually { isDone() }
        running.cancel()
        _ = await running.value
    }

    private func credential(_ fixture: AgentFixture) -> Credential? {
        fixture.keyring.records.values.first { $0.key.purpose == .login }.flatMap(Credential.init)
    }

    @Test("a login without a client id registers a client, and stores it with the login, not in the file")
    func registers() async throws {
        let fixture = try Self.fixture(Self.registered())
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(Self.request)
        #expect(await log.prompt()?.clientID == "c1")
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(fixture.provider.requests(.device) == ["client_id=c1&scope=openid"])
        let kept = try #require(credential(fixture))
        #expect(kept.clientID == "c1")
        #expect(kept.registration?.management?.token.revealedText() == "manage-c1")
        let file = try String(contentsOfFile: fixture.files.path + "/user/work.toml", encoding: .utf8)
        #expect(!file.contains("client_id"))

        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a2"))
        #expect(try await restarted.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(restarted.provider.requests(.token) == ["grant_type=refresh_token&refresh_token=r1&client_id=c1"])
    }

    @Test("a client is stored before the device request, and a cancelled login does not register again")
    func cancelled() async throws {
        let fixture = try Self.fixture(Self.registered())
        let log = try await fixture.login(Self.request)
        _ = await log.prompt()
        #expect(credential(fixture)?.clientID == "c1")
        #expect(credential(fixture)?.isSignedIn == false)
        try await fixture.agent.cancelLogin(fixture.name)

        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.register(Self.registered("c2"))
        #expect(try await Self.completeLogin(restarted).map(isDone) == true)
        #expect(restarted.provider.all(.register).isEmpty)
        #expect(restarted.provider.requests(.device) == ["client_id=c1&scope=openid"])
        #expect(deletions(fixture).isEmpty)
    }

    /// Has the agent read the metadata, so that the next request is the registration's: this login ends without one.
    private static func readMetadata(_ fixture: AgentFixture) async throws {
        let other = try #require(AccountName("other"))
        var settings = AgentFixture.settings
        settings.grant = "code"
        let log = EventLog(
            try await fixture.agent.login(other, LoginRequest(settings: settings), within: CallerLimits()))
        guard case .failed? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
    }

    @Test("a cancel during the registration returns at once; the next login uses the registered client")
    func cancelledMeanwhile() async throws {
        let fixture = try Self.fixture(Self.registered())
        try await Self.readMetadata(fixture)
        let gate = Gate()
        fixture.provider.hold(at: gate)
        let log = try await fixture.login(Self.request)
        await gate.arrived()
        let cancel = Task { try await fixture.agent.cancelLogin(fixture.name) }
        await eventually("the cancel waits for the provider") { log.soFar.last != nil }
        gate.open()
        fixture.provider.hold(at: nil)
        try await cancel.value
        guard case .failed(let failure)? = log.soFar.last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(failure.code == "cancelled")
        #expect(try await Self.completeLogin(fixture).map(isDone) == true)
        #expect(fixture.provider.all(.register).count == 1)
        #expect(fixture.provider.requests(.device) == ["client_id=c1&scope=openid"])
    }

    @Test("an agent's stop, and a logout that forgets the client, wait for a cancelled login's registration")
    func left() async throws {
        for forgets in [false, true] {
            let fixture = try Self.fixture(Self.registered())
            try await Self.readMetadata(fixture)
            let gate = Gate()
            fixture.provider.hold(at: gate)
            let log = try await fixture.login(Self.request)
            await gate.arrived()
            let cancel = Task { try await fixture.agent.cancelLogin(fixture.name) }
            await eventually("the cancel waits for the provider") { log.soFar.last != nil }
            let hasEnded = Mutex(false)
            let end = Task {
                defer { hasEnded.withLock { $0 = true } }
                guard forgets else { return try await Self.stop(fixture) }
                _ = try await fixture.agent.logout(fixture.name, LogoutRequest(forgetClient: true))
            }
            for _ in 0..<1000 { await Task.yield() }
            #expect(!hasEnded.withLock { $0 })
            fixture.provider.hold(at: nil)
            gate.open()
            try await cancel.value
            try await end.value
            #expect(fixture.keyring.records.isEmpty == forgets)
            #expect(deletions(fixture).count == (forgets ? 1 : 0))
        }
    }

    @Test("an account is not moved to another store until a cancelled login's registration has ended")
    func leftBeforeMove() async throws {
        let fixture = try Self.fixture(Self.registered(members: #","client_secret":"s","client_secret_expires_at":1"#))
        #expect(try await Self.completeLogin(fixture).map(isDone) == true)
        let agent = fixture.agent
        let keyFile = try fixture.files.file("key", String(repeating: "k", count: 32))
        _ = try await agent.changeStore(StoreRequest(.initialize, keyFile: keyFile))
        let gate = Gate()
        fixture.provider.hold(at: gate)
        // The secret has expired, so this login registers again.
        let log = try await fixture.login(LoginRequest())
        await gate.arrived()
        try await agent.cancelLogin(fixture.name)
        #expect(await log.events().count == 1)
        let migration = StoreRequest(.migrate, target: "sealed")
        #expect(
            try await agent.changeStore(migration).moved
                == [MovedAccount(account: fixture.name, moved: false, reason: "a login of it is pending")])
        fixture.provider.hold(at: nil)
        gate.open()
        try await eventually { try await agent.changeStore(migration).moved?.map(\.moved) == [true] }
    }

    private static func stop(_ fixture: AgentFixture) async throws {
        let running = Task { try await fixture.agent.run() }
        running.cancel()
        try await running.value
    }

    @Test("G1: the registered secret and method are used, whatever the metadata prefers")
    func secret() async throws {
        let members = #","client_secret":"s3cret","token_endpoint_auth_method":"client_secret_post""#
        let fixture = try Self.fixture(Self.registered(members: members))
        #expect(try await Self.completeLogin(fixture).map(isDone) == true)
        #expect(fixture.provider.requests(.device) == ["client_id=c1&client_secret=s3cret&scope=openid"])
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a2"))
        _ = try await restarted.agent.token(fixture.name, TokenRequest())
        #expect(
            restarted.provider.requests(.token)
                == ["grant_type=refresh_token&refresh_token=r1&client_id=c1&client_secret=s3cret"])
    }

    @Test("a client whose secret has expired is registered again at the next login")
    func expired() async throws {
        let members = #","client_secret":"s3cret","client_secret_expires_at":1"#
        let fixture = try Self.fixture(Self.registered(members: members))
        #expect(try await Self.completeLogin(fixture).map(isDone) == true)
        fixture.provider.script(.register, Self.registered("c2"))
        #expect(try await Self.completeLogin(fixture, LoginRequest()).map(isDone) == true)
        #expect(credential(fixture)?.clientID == "c2")
    }

    @Test("a registration that cannot be stored beside an earlier login is deleted when the login fails")
    func givenBack() async throws {
        let fixture = try Self.fixture(Self.registered())
        try await Self.completeLogin(
            fixture,
            LoginRequest(settings: LoginSettings(issuer: FakeProvider.issuer, clientID: "tv", scopes: ["openid"])))
        // The account file has no client id, as if its line had been removed.
        let path = fixture.files.path + "/user/work.toml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("client_id = \"tv\"\n", with: "").write(toFile: path, atomically: false, encoding: .utf8)
        let log = try await fixture.login(LoginRequest())
        #expect(await log.prompt()?.clientID == "c1")
        try await fixture.agent.cancelLogin(fixture.name)
        #expect(queued(fixture) == 1)
        await runQueue(fixture) { deletions(fixture).count == 1 && queued(fixture) == 0 }
        #expect(credential(fixture)?.clientID == "tv")
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("a store that cannot save the client ends the login before the prompt, and the client is deleted")
    func notKept() async throws {
        let fixture = try Self.fixture(Self.registered())
        let gate = Gate()
        fixture.keyring.hold(at: gate)
        let log = try await fixture.login(Self.request)
        await gate.arrived()
        fixture.keyring.fail(StoreFailure(.locked, "the keyring is locked"))
        gate.open()
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "store_locked")
        #expect(fixture.provider.requests(.device).isEmpty)
        await runQueue(fixture) { deletions(fixture).count == 1 }
    }

    @Test("the initial access token is sent to the registration endpoint only, and is not stored")
    func initialToken() async throws {
        let fixture = try Self.fixture(Self.registered())
        var request = Self.request
        request.registrationToken = "initial-token"
        #expect(try await Self.completeLogin(fixture, request).map(isDone) == true)
        let sent = try #require(fixture.provider.all(.register).first)
        #expect(sent.headers.contains { $0.name == "Authorization" && $0.value == "Bearer initial-token" })
        for other in fixture.provider.all(.device) + fixture.provider.all(.token) + fixture.provider.all(.metadata) {
            #expect(!other.headers.contains { $0.value.contains("initial-token") })
            #expect(other.body?.revealedText().contains("initial-token") != true)
        }
        for record in fixture.keyring.records.values {
            #expect(!record.secret.revealedText().contains("initial-token"))
        }
    }

    @Test(
        "each failure has its code, and a hint that names the option",
        arguments: [
            (.json(401, #"{"error":"invalid_token"}"#), "registration_refused", "--registration-token-file FILE"),
            (.json(400, #"{"error":"invalid_client_metadata"}"#), "registration_refused", "--client-id ID"),
            (.json(200, "{}"), "bad_response", "--client-id ID"), (.json(503, ""), "provider_unreachable", "network"),
            (registered(members: #","grant_types":["code"]"#), "device_flow_unsupported", "--client-id ID"),
        ] as [(FakeProvider.Answer, String, String)])
    func refused(answer: FakeProvider.Answer, code: String, hint: String) async throws {
        let fixture = try Self.fixture(answer)
        let log = try await fixture.login(Self.request)
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == code, "\(failure)")
        #expect(failure.hint.contains(hint), "\(failure)")
        #expect(fixture.keyring.records.isEmpty)
        #expect(await fixture.agent.status().accounts.isEmpty)
    }

    @Test("without a registration endpoint a client id is needed; without a device endpoint none is registered")
    func unsupported() async throws {
        let fixture = try AgentFixture()
        let log = try await fixture.login(Self.request)
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "registration_unsupported")
        #expect(failure.detail == "'work' has no client id, and the provider offers no registration")
        #expect(failure.hint.contains("--client-id ID"))

        let other = try Self.fixture(Self.registered())
        other.provider.script(
            .metadata,
            .json(
                200,
                """
                {"issuer":"\(FakeProvider.issuer)","token_endpoint":"\(FakeProvider.issuer)/token",
                "registration_endpoint":"\(FakeProvider.issuer)/register"}
                """))
        let second = try await other.login(Self.request)
        guard case .failed(let failure)? = await second.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "device_flow_unsupported")
        #expect(other.provider.all(.register).isEmpty)
    }

    @Test("a registered client that the provider has lost is replaced before the prompt")
    func lost() async throws {
        let fixture = try Self.fixture(Self.registered())
        #expect(try await Self.completeLogin(fixture).map(isDone) == true)
        let device = FakeProvider.Answer.json(
            200,
            """
            {"device_code":"d2","user_code":"BBBB-CCCC","verification_uri":"\(FakeProvider.issuer)/activate","interval":5}
            """)
        fixture.provider.script(.device, .error("invalid_client", status: 401), device)
        fixture.provider.script(.register, Self.registered("c2"))
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        let log = try await fixture.login(LoginRequest())
        #expect(await log.prompt()?.clientID == "c2")
        await fixture.passInterval()
        #expect(await log.events().last.map(isDone) == true)
        #expect(
            fixture.provider.requests(.device).suffix(2) == ["client_id=c1&scope=openid", "client_id=c2&scope=openid"])
        #expect(credential(fixture)?.clientID == "c2")
    }

    @Test("a new client that is refused as well ends the login; another one is not registered")
    func refusedAgain() async throws {
        let fixture = try Self.fixture(Self.registered())
        #expect(try await Self.completeLogin(fixture).map(isDone) == true)
        fixture.provider.script(.device, .error("invalid_client", status: 401))
        fixture.provider.script(.register, Self.registered("c2"))
        let log = try await fixture.login(LoginRequest())
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "invalid_client")
        #expect(failure.hint.contains("--client-id ID"))
        #expect(fixture.provider.requests(.register).count == 2)
        await runQueue(fixture) { deletions(fixture).count == 1 && queued(fixture) == 0 }
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("a registered client that may not use the device grant is an error that says how to register again")
    func unauthorized() async throws {
        let fixture = try Self.fixture(Self.registered())
        #expect(try await Self.completeLogin(fixture).map(isDone) == true)
        fixture.provider.script(.device, .error("unauthorized_client"))
        let log = try await fixture.login(LoginRequest())
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "unauthorized_client")
        #expect(failure.hint.contains("authagent logout work --forget-client"))
        #expect(fixture.provider.requests(.register).count == 1)
    }

    @Test("secrets that would not be used are refused at once")
    func idleSecrets() async throws {
        let fixture = try Self.fixture(Self.registered())
        for request in [
            LoginRequest(settings: LoginSettings(issuer: FakeProvider.issuer, clientID: "tv"), registrationToken: "t"),
            LoginRequest(settings: LoginSettings(issuer: FakeProvider.issuer, clientSecret: "s")),
            LoginRequest(settings: LoginSettings(issuer: FakeProvider.issuer), registrationToken: "t\r\nX: y"),
        ] {
            await #expect(throws: Problem.self) { _ = try await fixture.login(request) }
        }
        #expect(fixture.provider.all(.register).isEmpty)
    }

    private func isDone(_ event: LoginEvent) -> Bool {
        if case .done = event { true } else { false }
    }
}
