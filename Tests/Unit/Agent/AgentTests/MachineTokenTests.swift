import Agent
import AgentAPI
import Formats
import Foundation
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// Accounts without a person: client credentials and assertions.
struct MachineTokenTests {
    private static let secret = "client_secret_file = "

    private func withSecret(_ fixture: MachineFixture, _ more: String...) throws {
        let path = try fixture.agent.files.file("secret", "s3cret")
        try fixture.put(
            "batch", "client_id = \"tv\"", "grant = \"client_credentials\"", Self.secret + "\"\(path)\"",
            more.joined(separator: "\n"))
    }

    @Test(
        "the first request gets a token without a login, later ones get it from memory, and renewal is the same request"
    )
    func tokens() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture, "scopes = [\"a\"]")
        fixture.provider.script(.token, .grant(access: "t1", refresh: "r1"), .grant(access: "t2"))
        #expect(try await fixture.token("batch") == "t1")
        #expect(try await fixture.token("batch") == "t1")
        fixture.agent.time.advance(by: .seconds(3600))
        #expect(try await fixture.token("batch") == "t2")
        let forms = fixture.forms("client_credentials")
        #expect(forms.count == 2 && forms[0] == forms[1] && forms[0]["scope"] == "a")
        #expect(fixture.forms("refresh_token").isEmpty)
    }

    @Test("no keyring is needed or touched where the client's proof is not in the store")
    func noStore() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        fixture.agent.keyring.fail(StoreFailure(.noBus, "no bus"))
        fixture.provider.script(.token, .grant(access: "t1"))
        #expect(try await fixture.token("batch") == "t1")
        _ = try await fixture.login("batch")
        #expect(fixture.agent.keyring.operations.isEmpty)
    }

    @Test("requests at the same time are one request to the provider")
    func singleFlight() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        fixture.provider.script(.token, .grant(access: "t1"))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await fixture.token("batch") } }
            for try await token in group { #expect(token == "t1") }
        }
        #expect(fixture.forms("client_credentials").count == 1)
    }

    @Test("another scope is another token, by the same request")
    func target() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture, "scopes = [\"a\"]", "audience = \"x\"")
        fixture.provider.script(.token, .grant(access: "t1"))
        let target = try TokenTarget(scopes: ["b"], resources: ["https://api.example/"])
        #expect(try await fixture.token("batch", TokenRequest(target: target)) == "t1")
        let form = fixture.forms("client_credentials").first
        #expect(form?["scope"] == "b" && form?["resource"] == "https://api.example/" && form?["audience"] == nil)
    }

    @Test(
        "a refusal is never a missing login",
        arguments: [
            (FakeProvider.Answer.error("invalid_client", status: 401), Problem.Code.configurationError),
            (.error("invalid_grant"), .providerRejected), (.error("invalid_scope"), .providerRejected),
            (.error("unauthorized_client"), .providerRejected), (.json(403, ""), .providerRejected),
            (.json(200, "{}"), .providerRejected), (.json(503, ""), .providerUnreachable),
            (.failure(.unreachable("no route")), .providerUnreachable),
        ])
    func refusals(answer: FakeProvider.Answer, code: Problem.Code) async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        fixture.provider.script(.token, answer)
        for _ in 0..<5 {
            #expect(try await fixture.problem("batch")?.code == code)
            fixture.agent.time.advance(by: .seconds(400))
        }
        fixture.provider.script(.token, .grant(access: "t1"))
        #expect(try await fixture.token("batch") == "t1")
    }

    @Test("after a failure the back-off spares the provider")
    func backoff() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        fixture.provider.script(.token, .error("invalid_client", status: 401))
        for _ in 0..<10 { _ = try await fixture.problem("batch") }
        #expect(fixture.forms("client_credentials").count == 1)
    }

    @Test("login tries the request and writes the file only if that brings a token")
    func login() async throws {
        let fixture = try MachineFixture()
        var settings = LoginSettings(
            issuer: FakeProvider.issuer, clientID: "tv", clientSecret: "s3cret", scopes: ["a", "b"])
        settings.grant = "client_credentials"
        let file = fixture.agent.files.path + "/user/batch.toml"
        fixture.provider.script(.token, .error("invalid_client", status: 401))
        guard case .failed(let failure)? = try await fixture.login("batch", settings) else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.code == "configuration_error" && failure.hint.contains("assertion_audience"))
        #expect(!FileManager.default.fileExists(atPath: file) && fixture.agent.keyring.records.isEmpty)
        fixture.provider.script(.token, .grant(access: "t1", scope: "a"))
        guard case .done(let result)? = try await fixture.login("batch", settings) else {
            Issue.record("it failed")
            return
        }
        #expect(result.grant == "client_credentials" && result.scope == "a" && result.expiresAt != nil)
        #expect(result.note == "the provider has not granted 'b'")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("grant = \"client_credentials\"") && !text.contains("s3cret"))
        // The token of the trial is the account's, and the secret survives the agent.
        #expect(try await fixture.token("batch") == "t1")
        let restarted = try AgentFixture(restarting: fixture.agent)
        restarted.provider.script(.token, .grant(access: "t2"))
        let name = try MachineFixture.name("batch")
        #expect(try await restarted.agent.token(name, TokenRequest(), within: CallerLimits()).accessToken == "t2")
        #expect(restarted.provider.all(.token).first?.headers.contains { $0.name == "Authorization" } == true)
    }

    @Test(
        "logout revokes the tokens and forgets them and the secret; a later request gets a token if the file allows it")
    func logout() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        fixture.provider.script(.token, .grant(access: "t1"), .grant(access: "t2"), .grant(access: "t3"))
        _ = try await fixture.token("batch")
        _ = try await fixture.token("batch", TokenRequest(target: try TokenTarget(scopes: ["b"])))
        let name = try MachineFixture.name("batch")
        let reply = try await fixture.agent.agent.logout(name, LogoutRequest())
        #expect(reply.revoked && reply.forgotten && reply.reason == nil)
        #expect(fixture.provider.requests(.revocation).map { $0.prefix(9) }.sorted() == ["token=t1&", "token=t2&"])
        #expect(try await fixture.token("batch") == "t3")
        // Without a file that has a secret, only the store had it.
        var settings = LoginSettings(issuer: FakeProvider.issuer, clientID: "tv", clientSecret: "s3cret")
        settings.grant = "client_credentials"
        fixture.provider.script(.token, .grant(access: "t4"))
        _ = try await fixture.login("other", settings)
        _ = try await fixture.agent.agent.logout(try MachineFixture.name("other"), LogoutRequest())
        #expect(fixture.agent.keyring.records.isEmpty)
        #expect(fixture.provider.requests(.revocation).count == 3)
    }

    @Test("a stored secret goes to no other host after a restart or a withdrawal, whatever the metadata names")
    func poisonedMetadata() async throws {
        let fixture = try MachineFixture()
        var settings = LoginSettings(issuer: FakeProvider.issuer, clientID: "tv", clientSecret: "s3cret")
        settings.grant = "client_credentials"
        fixture.provider.script(.token, .grant(access: "t1"))
        guard case .done? = try await fixture.login("batch", settings) else {
            Issue.record("it failed")
            return
        }
        let poisoned = FakeProvider.Answer.json(
            200, #"{"issuer":"\#(FakeProvider.issuer)","token_endpoint":"https://evil.example/token"}"#)
        let name = try MachineFixture.name("batch")
        let restarted = try AgentFixture(restarting: fixture.agent)
        restarted.provider.script(.token, .grant(access: "t2"))
        restarted.provider.script(.metadata, poisoned)
        let problem = await #expect(throws: Problem.self) {
            try await restarted.agent.token(name, TokenRequest(), within: CallerLimits())
        }
        #expect(problem?.detail.contains("evil.example") == true && restarted.provider.requests(.token).isEmpty)
        fixture.provider.script(.metadata, poisoned)
        _ = try await fixture.agent.agent.lock(LockRequest())
        _ = try await fixture.agent.agent.unlock(UnlockRequest())
        // By then the agent asks for the metadata again.
        fixture.agent.time.advance(by: .seconds(90_000))
        #expect(try await fixture.problem("batch")?.detail.contains("evil.example") == true)
        #expect(fixture.provider.urls(.token).allSatisfy { $0.hasPrefix(FakeProvider.issuer) })
        // A person's login uses the provider's hosts of today.
        guard case .done? = try await fixture.login("batch") else {
            Issue.record("it failed")
            return
        }
    }

    @Test("a logout goes on after a token whose revocation is refused, and reports that one")
    func logoutGoesOn() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        fixture.provider.script(.token, .grant(access: "t1"), .grant(access: "t2"), .grant(access: "t3"))
        _ = try await fixture.token("batch")
        for scope in ["b", "c"] {
            _ = try await fixture.token("batch", TokenRequest(target: try TokenTarget(scopes: [scope])))
        }
        fixture.provider.script(.revocation, .error("invalid_request"), .json(200, ""))
        let reply = try await fixture.agent.agent.logout(try MachineFixture.name("batch"), LogoutRequest())
        #expect(!reply.revoked && reply.forgotten && reply.reason?.contains("invalid_request") == true)
        #expect(fixture.provider.requests(.revocation).count == 3)
    }

    @Test("another user's login of the account is a request for its token, which the back-off limits")
    func loginByOthers() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        let name = try MachineFixture.name("batch")
        func login() async throws -> LoginEvent? {
            let stream = try await fixture.agent.agent.login(name, LoginRequest(), within: CallerLimits(user: 4242))
            return await EventLog(stream).events().last
        }
        fixture.provider.script(.token, .error("invalid_grant"))
        for _ in 0..<10 {
            guard case .failed? = try await login() else {
                Issue.record("it did not fail")
                return
            }
        }
        #expect(fixture.forms("client_credentials").count == 1)
        fixture.agent.time.advance(by: .seconds(400))
        fixture.provider.script(.token, .grant(access: "t1"))
        for _ in 0..<3 {
            guard case .done(let result)? = try await login() else {
                Issue.record("it failed")
                return
            }
            #expect(result.grant == "client_credentials" && result.expiresAt != nil)
        }
        #expect(fixture.forms("client_credentials").count == 2)
    }

    @Test("a lock stops the account, and an unlock brings it back without a login")
    func lock() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        fixture.provider.script(.token, .grant(access: "t1"))
        _ = try await fixture.token("batch")
        _ = try await fixture.agent.agent.lock(LockRequest())
        #expect(try await fixture.problem("batch")?.code == .locked)
        _ = try await fixture.agent.agent.unlock(UnlockRequest())
        #expect(try await fixture.token("batch") == "t1")
        #expect(fixture.forms("client_credentials").count == 2)
    }

    @Test("demands on a person's authentication are refused")
    func demands() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        var request = LoginRequest()
        request.acrValues = ["phr"]
        let name = try MachineFixture.name("batch")
        await #expect(throws: Problem.self) {
            try await fixture.agent.agent.login(name, request, within: CallerLimits())
        }
    }

    private func jwt(exp: Int) -> String {
        [#"{"alg":"RS256"}"#, #"{"exp":\#(exp)}"#].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".")
            + ".c2ln"
    }

    @Test("an assertion file is read for each request, and an expired one is not sent")
    func assertionFile() async throws {
        let fixture = try MachineFixture()
        let (time, files) = (fixture.agent.time, fixture.agent.files)
        // Kubernetes lets every user of the container read it.
        let path = try files.file("jwt", jwt(exp: time.wall + 1_000) + "\n", mode: 0o644)
        try fixture.put(
            "pod", "client_id = \"tv\"", "grant = \"client_credentials\"", "client_assertion_file = \"\(path)\"")
        fixture.provider.script(.token, .grant(access: "t1", expiresIn: 500))
        _ = try await fixture.token("pod")
        time.advance(by: .seconds(600))
        let second = jwt(exp: time.wall + 1_000)
        try files.file("jwt", second, mode: 0o644)
        _ = try await fixture.token("pod")
        #expect(fixture.forms("client_credentials").last?["client_assertion"] == second)
        time.advance(by: .seconds(2_000))
        let problem = try await fixture.problem("pod")
        #expect(
            problem?.code == .configurationError && problem?.detail.contains("\(path): the assertion expired") == true)
        #expect(fixture.forms("client_credentials").count == 2)
    }

    @Test(
        "what is no file of an assertion is named, and neither blocks nor is sent",
        arguments: ["missing", "directory", "fifo", "large", "loose", "text"])
    func badAssertionFile(kind: String) async throws {
        let fixture = try MachineFixture()
        let path = fixture.agent.files.path + "/jwt"
        switch kind {
        case "directory": try fixture.agent.files.directory("jwt")
        case "fifo": #expect(mkfifo(path, 0o600) == 0)
        case "large":
            try fixture.agent.files.file("jwt", "")
            // A sparse file.
            #expect(truncate(path, 1 << 30) == 0)
        case "loose": try fixture.agent.files.file("jwt", jwt(exp: fixture.agent.time.wall + 60), mode: 0o666)
        case "text": try fixture.agent.files.file("jwt", "not a token, but s3cret")
        default: break
        }
        try fixture.put(
            "pod", "client_id = \"tv\"", "grant = \"client_credentials\"", "client_assertion_file = \"\(path)\"")
        let problem = try await fixture.problem("pod")
        #expect(
            problem?.code == .configurationError && problem?.detail.contains(path) == true, "\(problem?.detail ?? "")")
        #expect(problem?.detail.contains("s3cret") == false && fixture.provider.requests(.token).isEmpty)
        // Nothing was sent, so that a mended file is used at once.
        try? FileManager.default.removeItem(atPath: path)
        try fixture.agent.files.file("jwt", jwt(exp: fixture.agent.time.wall + 60))
        fixture.provider.script(.token, .grant(access: "t1"))
        #expect(try await fixture.token("pod") == "t1")
    }

    @Test(
        "an assertion that the agent signs is new for each request, and is for issuer or token endpoint as configured")
    func signed() async throws {
        let fixture = try MachineFixture()
        let key = try fixture.agent.files.file("key.pem", try TestKeys.p256())
        try fixture.put(
            "robot", "client_id = \"robot\"", "grant = \"jwt_bearer\"", "client_key_file = \"\(key)\"",
            "assertion_subject = \"alice\"", "assertion_audience = \"issuer\"")
        fixture.provider.script(.token, .grant(access: "t1", expiresIn: 100))
        for _ in 0..<2 {
            _ = try await fixture.token("robot")
            fixture.agent.time.advance(by: .seconds(200))
        }
        let assertions = fixture.forms("jwt-bearer").compactMap { $0["assertion"] }
        #expect(assertions.count == 2 && Set(assertions).count == 2)
        let claims = try #require(
            assertions.first?.split(separator: ".").dropFirst().first.flatMap { Base64URL.decode($0.utf8) })
        let text = String(decoding: claims, as: UTF8.self)
        #expect(text.contains(#""aud":"https://issuer.example""#) && text.contains(#""sub":"alice""#))
        #expect(fixture.forms("jwt-bearer").first?["client_assertion"] == nil)
    }

    @Test("status shows the grant, and events report the tokens")
    func status() async throws {
        let fixture = try MachineFixture()
        try withSecret(fixture)
        fixture.provider.script(.token, .grant(access: "t1"))
        _ = try await fixture.token("batch")
        let status = try await fixture.agent.agent.status(of: try MachineFixture.name("batch"))
        #expect(status.state == .ok && status.grant == "client_credentials" && status.derivedFrom == nil)
        #expect(status.expiresAt == fixture.agent.time.wall + 3600 && status.nextRefresh != nil)
    }

    @Test("a login for a new account with an issuer and a signing key writes the issuer as the audience")
    func audience() async throws {
        let fixture = try MachineFixture()
        var settings = LoginSettings(issuer: FakeProvider.issuer, clientID: "tv")
        settings.grant = "client_credentials"
        settings.clientKeyFile = try fixture.agent.files.file("key.pem", try TestKeys.p256())
        fixture.provider.script(.token, .grant(access: "t1"))
        _ = try await fixture.login("one", settings)
        settings.assertionAudience = "token_endpoint"
        _ = try await fixture.login("two", settings)
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: fixture.agent.files.path + "/user/\(name).toml", encoding: .utf8)
        }
        #expect(try text("one").contains("assertion_audience = \"issuer\""))
        #expect(try text("two").contains("assertion_audience = \"token_endpoint\""))
    }
}
