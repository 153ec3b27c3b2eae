import AgentAPI
import OAuth
import TestSupport
import Testing

/// The note and the status while an older token is served because the last renewal failed.
struct FailedRenewalTests {
    /// Requests a token 10 s before the login's token expires, with this reply to the renewal.
    private func served(
        _ answer: FakeProvider.Answer, _ target: TokenTarget? = nil
    ) async throws -> (token: TokenReply, status: AccountStatus) {
        let fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
        if target != nil {
            fixture.agent.provider.script(.token, .grant(access: "t1"))
            _ = try await fixture.token(TokenRequest(target: target))
        }
        fixture.agent.time.advance(by: .seconds(3590))
        fixture.agent.provider.script(.token, answer)
        return (try await fixture.token(TokenRequest(target: target)), try await fixture.status())
    }

    private static let lifetime = "; the lifetime of this token is below the 60 s requested"

    @Test("with a provider that is down, the account is offline")
    func unreachable() async throws {
        let (token, status) = try await served(.failure(.unreachable("connection refused")))
        #expect(token.accessToken == "a1")
        #expect(token.note == "the provider cannot be reached" + Self.lifetime)
        #expect(status.state == .offline)
    }

    @Test("with a refused ID token, neither the note nor the state says that the provider was unreachable")
    func refusedIDToken() async throws {
        let forged = try IdentityFixture().idToken(["sub": #""eve""#], signer: try TokenSigner())
        let (token, status) = try await served(.grant(access: "a2", refresh: "r2", idToken: forged))
        #expect(token.accessToken == "a1")
        #expect(
            token.note == "the last renewal brought an ID token that is refused, so nothing of it is used"
                + Self.lifetime)
        #expect(status.state == .refused)
        #expect(status.lastError?.contains("ID token that is refused") == true)
    }

    @Test("a failed renewal of a token for another scope is in that token's note only")
    func refusedIDTokenOfTarget() async throws {
        let forged = try IdentityFixture().idToken(signer: try TokenSigner())
        let target = try TokenTarget(scopes: ["openid"])
        let (token, status) = try await served(.grant(access: "t2", idToken: forged), target)
        #expect(token.accessToken == "t1")
        #expect(token.note?.hasPrefix("the last renewal brought an ID token that is refused") == true)
        #expect(status.state == .ok)
    }

    @Test(
        "a provider that refuses the renewal was reached as well",
        arguments: [FakeProvider.Answer.error("invalid_client", status: 401), .json(400, "")])
    func refused(answer: FakeProvider.Answer) async throws {
        let (token, status) = try await served(answer)
        #expect(token.accessToken == "a1")
        #expect(token.note == "the provider refused the last renewal" + Self.lifetime)
        #expect(status.state == .refused)
    }
}
