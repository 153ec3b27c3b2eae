import AgentAPI
import AuthagentTestSupport
import OAuth
import Testing

struct KeyRolloverTests {
    private func fetches(_ fixture: IdentityFixture) -> Int { fixture.agent.provider.requests(.keys).count }

    /// Lets the access token expire and renews it with an ID token of this signer's.
    private func renew(_ fixture: IdentityFixture, _ signer: TokenSigner, _ access: String) async throws -> String {
        fixture.agent.time.advance(by: .seconds(3600))
        let idToken = try fixture.idToken(signer: signer)
        fixture.agent.provider.script(.token, .grant(access: access, idToken: idToken))
        return try await fixture.token(TokenRequest()).accessToken
    }

    @Test("the keys are fetched once for all tokens of an hour")
    func cached() async throws {
        let fixture = try IdentityFixture()
        for _ in 0..<3 {
            guard case .done? = try await fixture.logIn(try fixture.idToken()) else { return #expect(Bool(false)) }
        }
        #expect(fetches(fixture) == 1)
        fixture.agent.time.advance(by: .seconds(3600))
        _ = try await fixture.logIn(try fixture.idToken())
        #expect(fetches(fixture) == 2)
    }

    @Test("J2: a key that is not known has the keys fetched again, once; then the new key is known")
    func rollover() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        let newer = try TokenSigner("ES384", keyID: "k2")
        fixture.publish(newer)
        fixture.agent.time.advance(by: .seconds(10))
        guard case .done? = try await fixture.logIn(try fixture.idToken(signer: newer)) else {
            return #expect(Bool(false))
        }
        #expect(fetches(fixture) == 2)
        guard case .done? = try await fixture.logIn(try fixture.idToken(signer: newer)) else {
            return #expect(Bool(false))
        }
        #expect(fetches(fixture) == 2)
    }

    @Test("J2: tokens with made-up keys have the keys fetched again at most once a minute")
    func limited() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        fixture.agent.time.advance(by: .seconds(1))
        for number in 0..<5 {
            let forger = try TokenSigner("ES256", keyID: "forged-\(number)")
            let failure = try #require(try await fixture.failure(try fixture.idToken(signer: forger)))
            #expect(failure.code == "bad_id_token")
            #expect(failure.detail.contains("'forged-\(number)', which the provider does not publish"))
        }
        // Each login lets 5 s pass.
        #expect(fetches(fixture) == 2)
        fixture.agent.time.advance(by: .seconds(60))
        _ = try await fixture.failure(try fixture.idToken(signer: try TokenSigner("ES256", keyID: "forged-9")))
        #expect(fetches(fixture) == 3)
    }

    @Test("J2: without a key id, a signature that no key made is looked for among newer keys")
    func noKeyID() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        fixture.agent.time.advance(by: .seconds(10))
        let newer = try TokenSigner("ES256", keyID: nil)
        fixture.publish(newer)
        guard case .done? = try await fixture.logIn(try fixture.idToken(signer: newer)) else {
            return #expect(Bool(false))
        }
        #expect(fetches(fixture) == 2)
    }

    @Test("while the issuer is down, the keys that are known go on being used")
    func outage() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        fixture.agent.provider.script(.keys, .failure(.unreachable("no route")))
        #expect(try await renew(fixture, fixture.signer, "a2") == "a2")
        #expect(try await fixture.token().idToken != nil)
        #expect(fetches(fixture) > 1)
    }
}
