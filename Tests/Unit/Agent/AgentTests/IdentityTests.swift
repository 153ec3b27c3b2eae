import Agent
import AgentAPI
import Foundation
import JOSE
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// An agent whose provider signs ID tokens.
struct IdentityFixture {
    let agent: AgentFixture
    let signer: TokenSigner

    init(restarting earlier: AgentFixture? = nil) throws {
        agent = try AgentFixture(restarting: earlier)
        signer = try TokenSigner()
        publish(signer)
    }

    func publish(_ signer: TokenSigner) {
        guard let keys = try? TokenSigner.keySet(signer) else { return }
        agent.provider.script(.keys, .json(200, keys))
    }

    func idToken(_ changes: [String: String?] = [:], signer other: TokenSigner? = nil) throws -> String {
        let wall = agent.time.wall
        let claims: [String: String?] = [
            "iss": "\"\(FakeProvider.issuer)\"", "sub": #""ann""#, "aud": #""tv""#, "iat": "\(wall)",
            "exp": "\(wall + 300)", "email": #""ann@example.com""#, "name": #""Ann\u001b[31m""#,
        ]
        return try (other ?? signer).token(claims.merging(changes) { $1 })
    }

    /// Logs in; the provider sends this ID token.
    func logIn(_ idToken: String?, request: LoginRequest = AgentFixture.request) async throws -> LoginEvent? {
        agent.provider.script(.token, .grant(access: "a1", refresh: "r1", idToken: idToken))
        let log = try await agent.login(request)
        await agent.passInterval()
        return await log.events().last
    }

    func failure(_ idToken: String?, request: LoginRequest = AgentFixture.request) async throws -> LoginFailure? {
        guard case .failed(let failure)? = try await logIn(idToken, request: request) else { return nil }
        return failure
    }

    /// Writes the account file of the login, with this expected subject.
    func expect(_ subject: String) throws {
        try agent.files.directory("user")
        try agent.files.file(
            "user/work.toml",
            """
            issuer = "\(FakeProvider.issuer)"
            client_id = "tv"
            scopes = ["openid"]
            expected_subject = "\(subject)"
            """, mode: 0o600)
    }

    /// Returns the provider's metadata, with this date in its reply.
    func metadata(date: Int) throws -> FakeProvider.Answer {
        let formatter = DateFormatter()
        (formatter.locale, formatter.timeZone) = (Locale(identifier: "en_US_POSIX"), TimeZone(identifier: "GMT"))
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let issuer = FakeProvider.issuer
        let body = """
            {"issuer":"\(issuer)","device_authorization_endpoint":"\(issuer)/device","token_endpoint":"\(issuer)/token"}
            """
        let text = formatter.string(from: Date(timeIntervalSince1970: Double(date)))
        return .success(HTTPResponse(status: 200, headers: [("Date", text)], body: Array(body.utf8)))
    }

    func status() async throws -> AccountStatus { try await agent.agent.status(of: agent.name) }

    func token(_ request: TokenRequest = TokenRequest(includesIDToken: true)) async throws -> TokenReply {
        try await agent.agent.token(agent.name, request)
    }
}

struct IdentityTests {
    @Test("a login shows its identity, cleaned for a terminal, in its event and status, also after a restart")
    func subject() async throws {
        let fixture = try IdentityFixture()
        let idToken = try fixture.idToken()
        guard case .done(let result)? = try await fixture.logIn(idToken) else { return #expect(Bool(false)) }
        #expect(result.subject == "ann")
        #expect(try await fixture.token().idToken == idToken)
        #expect(try await fixture.token(TokenRequest()).idToken == nil)
        for agent in [fixture, try IdentityFixture(restarting: fixture.agent)] {
            let status = try await agent.status()
            #expect(status.subject == "ann")
            #expect(status.email == "ann@example.com")
            #expect(status.name == "Ann")
        }
    }

    @Test("O1: an ID token that contradicts the login ends it; nothing is stored, and the tokens are revoked")
    func badIDToken() async throws {
        let forged = try TokenSigner()
        for (changes, signer, reason) in [
            (["aud": #""other""#], nil, "it is for another client"),
            (["iss": #""https://evil.example""#], nil, "it is from the issuer 'https://evil.example'"),
            (["aud": #"["other","third"]"#], nil, "it is for another client"),
            (["aud": #"["tv","third"]"#, "azp": #""third""#], nil, "it was issued to the client 'third'"),
            (["at_hash": #""AAAA""#], nil, "it belongs to another access token"),
            ([:], forged, "its signature is wrong"),
        ] as [([String: String?], TokenSigner?, String)] {
            let fixture = try IdentityFixture()
            let failure = try #require(try await fixture.failure(try fixture.idToken(changes, signer: signer)))
            #expect(failure.code == "bad_id_token")
            #expect(failure.detail.contains(reason), "\(failure.detail)")
            #expect(failure.detail.contains("its tokens are revoked"))
            #expect(fixture.agent.keyring.records.isEmpty)
            #expect(await fixture.agent.agent.status().accounts.isEmpty)
            #expect(fixture.agent.provider.requests(.revocation).contains { $0.contains("token=r1") })
        }
    }

    /// Returns tokens that cannot be verified, with the reason to expect.
    private func unverifiable(_ fixture: IdentityFixture) throws -> [(token: String, reason: String)] {
        let unsigned = try fixture.signer.token(
            header: #"{"alg":"none"}"#, payload: #"{"iss":"\#(FakeProvider.issuer)","sub":"ann","aud":"tv"}"#)
        let stranger = try TokenSigner("ES256", keyID: "another")
        return [
            ("~", "it does not have three parts"), ("a.b.c.d.e", "it is encrypted"),
            (unsigned.split(separator: ".").prefix(2).joined(separator: ".") + ".", "its algorithm 'none'"),
            (
                try fixture.signer.token([:], header: ["alg": #""HS256""#]),
                "the client's secret, which the agent does not have"
            ),
            (try fixture.idToken(signer: stranger), "signed with the key 'another'"),
            (try fixture.idToken(["sub": nil]), "it has no claim 'sub'"),
            (try fixture.idToken(["sub": "7"]), "its claim 'sub' is malformed"),
            (try fixture.signer.token([:], header: ["typ": #""at+jwt""#]), "another kind of token"),
            (try fixture.signer.token([:], header: ["crit": #"["x"]"#]), "an unknown extension"),
        ]
    }

    @Test("an unverifiable ID token leaves a login without an identity and with a note; nothing is revoked")
    func keptUnverified() async throws {
        for index in try unverifiable(IdentityFixture()).indices {
            let fixture = try IdentityFixture()
            let (token, reason) = try unverifiable(fixture)[index]
            guard case .done(let result)? = try await fixture.logIn(token) else {
                Issue.record("discarded: \(reason)")
                continue
            }
            #expect(result.subject == nil)
            #expect(result.note?.contains(reason) == true, "\(result.note ?? "no note")")
            #expect(try await fixture.status().subject == nil)
            #expect(try await fixture.token(TokenRequest()).accessToken == "a1")
            await #expect { try await fixture.token() } throws: {
                ($0 as? Problem)?.code == .noIDToken && ($0 as? Problem)?.reason == "unverified"
            }
            #expect(fixture.agent.provider.requests(.revocation).isEmpty)
        }
    }

    @Test("the first verifiable ID token sets the identity; from then on another subject is refused")
    func verifiedLater() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn("~")
        fixture.agent.time.advance(by: .seconds(3600))
        fixture.agent.provider.script(.token, .grant(access: "a2", refresh: "r2", idToken: try fixture.idToken()))
        #expect(try await fixture.token(TokenRequest()).accessToken == "a2")
        #expect(try await fixture.status().subject == "ann")
        fixture.agent.time.advance(by: .seconds(3600))
        let eve = try fixture.idToken(["sub": #""eve""#])
        fixture.agent.provider.script(.token, .grant(access: "a3", refresh: "r3", idToken: eve))
        await #expect { try await fixture.token(TokenRequest()) } throws: { ($0 as? Problem)?.code == .badIDToken }
    }

    @Test("at a renewal an unverifiable ID token is withheld; the access and refresh tokens are used")
    func renewedUnverified() async throws {
        for index in try unverifiable(IdentityFixture()).indices {
            let fixture = try IdentityFixture()
            _ = try await fixture.logIn(try fixture.idToken())
            fixture.agent.time.advance(by: .seconds(3600))
            let (token, reason) = try unverifiable(fixture)[index]
            fixture.agent.provider.script(.token, .grant(access: "a2", refresh: "r2", idToken: token))
            #expect(try await fixture.token(TokenRequest()).accessToken == "a2", "\(reason)")
            #expect(try await fixture.status().subject == "ann")
            await #expect { try await fixture.token() } throws: { ($0 as? Problem)?.reason == "unverified" }
            let stored = fixture.agent.keyring.records.values.map { $0.secret.revealedText() }.joined()
            #expect(stored.contains("r2"))
        }
    }

    @Test("with a wrong clock, a login is kept without its ID token, unless a subject is expected")
    func wrongClock() async throws {
        for changes in [
            { (wall: Int) in ["iat": "\(wall + 600)", "nbf": "\(wall + 600)", "exp": "\(wall + 900)"] },
            { (wall: Int) in ["iat": "\(wall - 900)", "exp": "\(wall - 600)"] },
        ] as [(Int) -> [String: String?]] {
            let fixture = try IdentityFixture()
            let token = try fixture.idToken(changes(fixture.agent.time.wall))
            guard case .done(let result)? = try await fixture.logIn(token) else { return #expect(Bool(false)) }
            #expect(result.subject == nil)
            #expect(result.note?.contains("check this machine's clock") == true)
            await #expect { try await fixture.token() } throws: { ($0 as? Problem)?.reason == "untimely" }
            #expect(fixture.agent.provider.requests(.revocation).isEmpty)
            try fixture.expect("ann")
            let failure = try #require(try await fixture.failure(token, request: LoginRequest()))
            #expect(failure.code == "bad_id_token")
            // It may be of the same person, whose earlier login a revocation could end.
            #expect(fixture.agent.provider.requests(.revocation).isEmpty)
        }
    }

    @Test("with an expected subject, an ID token that cannot be verified is refused")
    func expectedUnverified() async throws {
        for index in try unverifiable(IdentityFixture()).indices {
            let fixture = try IdentityFixture()
            try fixture.expect("ann")
            let (token, reason) = try unverifiable(fixture)[index]
            let failure = try #require(try await fixture.failure(token, request: LoginRequest()))
            #expect(failure.detail.contains(reason), "\(failure.detail)")
            #expect(fixture.agent.keyring.records.isEmpty)
            #expect(fixture.agent.provider.requests(.revocation).count == 1)
        }
    }

    @Test("J1: an ID token signed with the client's secret is verified with it, and refused if that fails")
    func clientSecret() async throws {
        func token(_ secret: String, _ wall: Int) -> String {
            let claims: [String: String?] = [
                "iss": "\"\(FakeProvider.issuer)\"", "sub": #""ann""#, "aud": #""tv""#, "iat": "\(wall)",
                "exp": "\(wall + 300)",
            ]
            return TokenSigner.token(claims, algorithm: "HS256", secret: secret)
        }
        let request = LoginRequest(
            settings: LoginSettings(
                issuer: FakeProvider.issuer, clientID: "tv", clientSecret: "s3cret", scopes: ["openid"]))
        let fixture = try IdentityFixture()
        // The provider publishes no keys.
        fixture.agent.provider.script(.keys, .json(503, ""))
        let right = token("s3cret", fixture.agent.time.wall)
        guard case .done(let result)? = try await fixture.logIn(right, request: request) else {
            return #expect(Bool(false))
        }
        #expect(result.subject == "ann")
        #expect(try await fixture.token().idToken == right)
        let wrong = token("another", fixture.agent.time.wall)
        let failure = try #require(try await fixture.failure(wrong, request: request))
        #expect(failure.detail.contains("its signature is wrong"))
        let foreign = try IdentityFixture()
        guard case .done(let kept)? = try await foreign.logIn(right) else { return #expect(Bool(false)) }
        #expect(kept.subject == nil)
    }

    @Test("a clock that differs from the metadata's date is noted before the code is shown")
    func clockLead() async throws {
        for (lead, word) in [(600, "10 min ahead of"), (-600, "10 min behind"), (30, nil)] as [(Int, String?)] {
            let fixture = try IdentityFixture()
            fixture.agent.provider.script(
                .metadata, try fixture.metadata(date: fixture.agent.time.wall - lead))
            let log = try await fixture.agent.login()
            let prompt = try #require(await log.prompt())
            if let word {
                #expect(prompt.note?.contains(word) == true, "\(prompt.note ?? "none")")
            } else {
                #expect(prompt.note == nil)
            }
            try await fixture.agent.agent.cancelLogin(fixture.agent.name)
        }
    }

    @Test("an invalid ID token that was not requested is ignored and not served")
    func notAskedFor() async throws {
        let fixture = try IdentityFixture()
        let request = LoginRequest(
            settings: LoginSettings(issuer: FakeProvider.issuer, clientID: "tv", scopes: ["files"]))
        guard case .done(let result)? = try await fixture.logIn("~", request: request) else {
            return #expect(Bool(false))
        }
        #expect(result.subject == nil)
        await #expect { try await fixture.token() } throws: { ($0 as? Problem)?.code == .noIDToken }
    }

    @Test("expected_subject: another person's approval is refused and revoked; the right one's is accepted")
    func expected() async throws {
        let fixture = try IdentityFixture()
        try fixture.expect("ann")
        let failure = try #require(
            try await fixture.failure(try fixture.idToken(["sub": #""eve""#]), request: LoginRequest()))
        #expect(failure.code == "wrong_subject")
        #expect(failure.detail.contains("'eve'"))
        #expect(fixture.agent.keyring.records.isEmpty)
        #expect(fixture.agent.provider.requests(.revocation).count == 1)
        let unnamed = try #require(try await fixture.failure(nil, request: LoginRequest()))
        #expect(unnamed.code == "wrong_subject")
        #expect(fixture.agent.keyring.records.isEmpty)
        guard case .done? = try await fixture.logIn(try fixture.idToken(), request: LoginRequest()) else {
            return #expect(Bool(false))
        }
        #expect(try await fixture.status().subject == "ann")
    }

    @Test("expected_subject: an existing login of another subject is not used")
    func expectedLater() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        try fixture.expect("eve")
        try await fixture.agent.agent.reload()
        await #expect { try await fixture.token(TokenRequest()) } throws: {
            ($0 as? Problem)?.reason == "settings_changed"
        }
        try fixture.expect("ann")
        try await fixture.agent.agent.reload()
        fixture.agent.provider.script(.token, .grant(access: "a2"))
        #expect(try await fixture.token(TokenRequest()).accessToken == "a2")
    }

    @Test("without the keys, a login is kept without a subject, unless one is expected")
    func noKeys() async throws {
        let fixture = try IdentityFixture()
        fixture.agent.provider.script(.keys, .json(503, ""))
        guard case .done(let result)? = try await fixture.logIn(try fixture.idToken()) else {
            return #expect(Bool(false))
        }
        #expect(result.subject == nil)
        let status = try await fixture.status()
        #expect(status.state == .ok)
        #expect(status.lastError?.contains("cannot be verified") == true)
        #expect(try await fixture.token(TokenRequest()).accessToken == "a1")
        await #expect { try await fixture.token() } throws: { ($0 as? Problem)?.reason == "unverified" }

        try fixture.expect("ann")
        let failure = try #require(try await fixture.failure(try fixture.idToken(), request: LoginRequest()))
        #expect(failure.code == "provider_unreachable")
        #expect(fixture.agent.provider.requests(.revocation).isEmpty)
    }

    @Test("keys are fetched over https only, and from the issuer's own jwks_uri only")
    func unsafeKeys() async throws {
        let fixture = try IdentityFixture()
        fixture.agent.provider.script(
            .metadata,
            .json(
                200,
                """
                {"issuer":"\(FakeProvider.issuer)","device_authorization_endpoint":"\(FakeProvider.issuer)/device",
                "token_endpoint":"\(FakeProvider.issuer)/token","jwks_uri":"http://issuer.example/keys"}
                """))
        guard case .done(let result)? = try await fixture.logIn(try fixture.idToken()) else {
            return #expect(Bool(false))
        }
        #expect(result.subject == nil)
        #expect(try await fixture.status().lastError?.contains("keys is refused: it uses plain http") == true)
        #expect(fixture.agent.provider.requests(.keys).isEmpty)
    }

    @Test("O2: a renewal with another subject is shown by the status; the old token is served until it expires")
    func changed() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        let eve = try fixture.idToken(["sub": #""eve""#, "exp": "\(fixture.agent.time.wall + 9000)"])
        fixture.agent.provider.script(.token, .grant(access: "a2", refresh: "r2", idToken: eve))
        fixture.agent.time.advance(by: .seconds(3590))
        #expect(try await fixture.token(TokenRequest()).accessToken == "a1")
        let status = try await fixture.status()
        #expect(status.subject == "ann")
        #expect(status.lastError?.contains("another subject") == true)
        fixture.agent.time.advance(by: .seconds(10))
        await #expect { try await fixture.token(TokenRequest()) } throws: {
            ($0 as? Problem)?.code == .badIDToken && ($0 as? Problem)?.reason == "subject_changed"
        }
        let stored = fixture.agent.keyring.records.values.map { $0.secret.revealedText() }.joined()
        #expect(stored.contains("r2"))
        #expect(!stored.contains("eve"))
    }
}
