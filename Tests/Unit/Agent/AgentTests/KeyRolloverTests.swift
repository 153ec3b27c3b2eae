import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing

struct KeyRolloverTests {
    private func fetches(_ fixture: IdentityFixture) -> Int { fixture.agent.provider.requests(.keys).count }

    /// Lets the access token expire and renews it with an ID token of this signer.
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

    @Test("J2: an unknown key causes one fetch, after which the new key is known")
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

    /// Inspects a token with a made-up key, and returns the report on its signature.
    private func look(_ fixture: IdentityFixture, forger keyID: String) async throws -> SignatureReport {
        let token = try fixture.idToken(signer: try TokenSigner("ES256", keyID: keyID))
        let reply = try await fixture.agent.agent.inspect(fixture.agent.name, InspectRequest(token: token))
        return try #require(reply.tokens.first?.signature)
    }

    @Test("J2: tokens with made-up keys cause at most one fetch a minute, and are never valid")
    func limited() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        fixture.agent.time.advance(by: .seconds(1))
        let first = try await look(fixture, forger: "forged-0")
        #expect(first.state == .invalid)
        #expect(first.detail?.contains("'forged-0', which the provider does not publish") == true)
        for number in 1..<5 {
            fixture.agent.time.advance(by: .seconds(5))
            let report = try await look(fixture, forger: "forged-\(number)")
            #expect(report.state == .unreachable)
            #expect(report.detail?.contains("less than a minute ago") == true)
        }
        #expect(fetches(fixture) == 2)
        fixture.agent.time.advance(by: .seconds(60))
        #expect(try await look(fixture, forger: "forged-9").state == .invalid)
        #expect(fetches(fixture) == 3)
    }

    @Test("inspecting a forged token does not keep the next login from the provider's new key")
    func lookBeforeRollover() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        fixture.agent.time.advance(by: .seconds(1))
        _ = try await look(fixture, forger: "forged")
        let newer = try TokenSigner("ES384", keyID: "k2")
        fixture.publish(newer)
        fixture.agent.time.advance(by: .seconds(10))
        guard case .done(let result)? = try await fixture.logIn(try fixture.idToken(signer: newer)) else {
            return #expect(Bool(false))
        }
        #expect(result.subject == "ann")
        #expect(fixture.agent.provider.requests(.revocation).isEmpty)
    }

    @Test("a login whose key may not be searched for now is kept as unverified, not refused")
    func searchRefused() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        fixture.agent.time.advance(by: .seconds(1))
        let unknown = try TokenSigner("ES256", keyID: "unknown")
        guard case .done(let kept)? = try await fixture.logIn(try fixture.idToken(signer: unknown)) else {
            return #expect(Bool(false))
        }
        #expect(kept.subject == nil)
        #expect(kept.note?.contains("'unknown', which the provider does not publish") == true)
        let revoked = fixture.agent.provider.requests(.revocation).count
        let newer = try TokenSigner("ES384", keyID: "k2")
        fixture.publish(newer)
        guard case .done(let result)? = try await fixture.logIn(try fixture.idToken(signer: newer)) else {
            return #expect(Bool(false))
        }
        #expect(result.subject == nil)
        #expect(fixture.agent.provider.requests(.revocation).count == revoked)
        #expect(try await fixture.status().lastError?.contains("less than a minute ago") == true)
        fixture.agent.time.advance(by: .seconds(60))
        guard case .done(let checked)? = try await fixture.logIn(try fixture.idToken(signer: newer)) else {
            return #expect(Bool(false))
        }
        #expect(checked.subject == "ann")
    }

    @Test("a failed fetch does not count as a search, and is repeated for the next token")
    func searchFails() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        let newer = try TokenSigner("ES384", keyID: "k2")
        fixture.agent.provider.script(.keys, .failure(.unreachable("no route")))
        fixture.agent.time.advance(by: .seconds(1))
        guard case .done(let unchecked)? = try await fixture.logIn(try fixture.idToken(signer: newer)) else {
            return #expect(Bool(false))
        }
        #expect(unchecked.subject == nil)
        fixture.publish(newer)
        guard case .done(let checked)? = try await fixture.logIn(try fixture.idToken(signer: newer)) else {
            return #expect(Bool(false))
        }
        #expect(checked.subject == "ann")
    }

    @Test("J2: a signature without a key id that no known key made is checked against newer keys")
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

    @Test("while the issuer is down, the known keys stay in use")
    func outage() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        fixture.agent.provider.script(.keys, .failure(.unreachable("no route")))
        #expect(try await renew(fixture, fixture.signer, "a2") == "a2")
        #expect(try await fixture.token().idToken != nil)
        #expect(fetches(fixture) > 1)
    }

    @Test("known keys stay in use when the issuer's replies are unusable, but no longer than a day")
    func badResponse() async throws {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        fixture.agent.provider.script(.keys, .json(200, "<html>maintenance</html>"))
        #expect(try await renew(fixture, fixture.signer, "a2") == "a2")
        #expect(try await fixture.token().idToken != nil)
        fixture.agent.time.advance(by: .seconds(86_400))
        #expect(try await renew(fixture, fixture.signer, "a3") == "a3")
        await #expect { try await fixture.token() } throws: { ($0 as? Problem)?.reason == "unverified" }
    }

    @Test("an issuer without keys is requested once in 30 s, except for logins")
    func failuresAreRemembered() async throws {
        let fixture = try IdentityFixture()
        fixture.agent.provider.script(.keys, .json(503, ""))
        _ = try await fixture.logIn(try fixture.idToken())
        #expect(fetches(fixture) == 1)
        for _ in 0..<5 { #expect(try await look(fixture, forger: "x").state == .unreachable) }
        #expect(fetches(fixture) == 1)
        fixture.agent.time.advance(by: .seconds(30))
        for _ in 0..<5 { #expect(try await look(fixture, forger: "x").state == .unreachable) }
        #expect(fetches(fixture) == 2)
        fixture.publish(fixture.signer)
        guard case .done(let result)? = try await fixture.logIn(try fixture.idToken()) else {
            return #expect(Bool(false))
        }
        #expect(result.subject == "ann")
    }
}
