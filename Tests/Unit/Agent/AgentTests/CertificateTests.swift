import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing

struct CertificateTests {
    @Test("a certificate refused at a renewal is named; the next renewal waits, and the login is kept")
    func refused() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, .failure(.tls("the certificate of issuer.example has expired")))
        fixture.time.advance(by: .seconds(3600))
        for _ in 0..<50 {
            await #expect {
                try await fixture.agent.token(fixture.name, TokenRequest())
            } throws: { error in
                guard let problem = error as? Problem else { return false }
                return problem.code == .providerUnreachable
                    && problem.detail.contains("the certificate of issuer.example has expired")
            }
        }
        // The login's own poll and one renewal.
        #expect(fixture.provider.requests(.token).count == 2)
        fixture.provider.script(.token, .grant(access: "a2"))
        fixture.time.advance(by: .seconds(1))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
    }
}
