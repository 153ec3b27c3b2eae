import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Revocations that failed at the logout.
@Suite(.timeLimit(.minutes(5)))
struct RevocationTests {
    @Test("V1: a failed revocation is sent by the next agent, which is idle afterwards")
    func afterRestart() async throws {
        let demo = try await DemoLogin(keyring: try await PrivateKeyring())
        try await demo.logIn()
        demo.issuer.always(.revocation, .reply(status: 503, body: ""))
        let logout = try await demo.home.authagent("logout", "work", "--json")
        #expect(logout.status == 0)
        #expect(logout.output.contains("the agent will try again"), "\(logout.output)")
        #expect(demo.issuer.liveRefreshTokens.count == 1)
        try await demo.home.authagent("stop")
        demo.issuer.always(.revocation, nil)
        try await demo.home.authagent("start")
        await eventually("the provider is not told") { demo.issuer.liveRefreshTokens.isEmpty }
        #expect(try demo.cpuTicks() < 100, "an idle agent uses no CPU time")
    }

    @Test("V1: with a keyring locked at the start, revocations are sent once it is unlocked")
    func afterUnlock() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        demo.issuer.always(.revocation, .reply(status: 503, body: ""))
        try await demo.home.authagent("logout", "work")
        try await demo.home.authagent("stop")
        demo.issuer.always(.revocation, nil)
        try await keyring.lock()
        try await demo.home.authagent("start")
        let locked = try await demo.home.authagent("token", "work")
        #expect(locked.status == 7, "\(locked.errors)")
        await keyring.killProvider()
        try await keyring.startProvider()
        // Any access to the keyring triggers it.
        try await eventually("the provider is not told") {
            _ = try await demo.home.authagent("status")
            return demo.issuer.liveRefreshTokens.isEmpty
        }
    }
}

extension DemoLogin {
    /// The daemon's CPU time so far, in hundredths of a second (proc(5), /proc/PID/stat).
    fileprivate func cpuTicks() throws -> Int {
        let pid = try #require(home.daemonPID)
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // The name in parentheses may contain anything; utime and stime are the 12th and 13th field after it.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
    }
}
