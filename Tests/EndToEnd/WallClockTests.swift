import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A real agent whose wall clock is stepped while it runs; CLOCK_BOOTTIME and timers are not affected.
@Suite(.timeLimit(.minutes(5)))
struct WallClockTests {
    private static let day = 86_400

    /// Starts an agent with a shifted clock; its clients keep the real one.
    private func start(_ home: AgentHome, clock: String) async throws -> ChildProcess {
        let libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }
        let library = try #require(
            libraries.first { FileManager.default.fileExists(atPath: $0) },
            "libfaketime is missing: run 'apt-get install libfaketime'")
        let environment = home.environment.merging([
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]) { $1 }
        let daemon = try ChildProcess(try BuildProducts.path("authagentd"), environment: environment, input: nil)
        await eventually("the daemon does not serve: \(daemon.errorsSoFar)") {
            daemon.errorsSoFar.contains("serving") || !daemon.isRunning
        }
        return daemon
    }

    private func step(_ clock: String, by seconds: Int) throws {
        try "\(seconds < 0 ? "" : "+")\(seconds)".write(toFile: clock, atomically: true, encoding: .utf8)
    }

    @Test(
        "a step of the wall clock renews nothing and drops nothing; only displayed times change", arguments: [1, -1])
    func noEarlyRefresh(days: Int) async throws {
        let files = try TemporaryDirectory()
        let clock = try files.file("clock", "+0")
        let demo = try await DemoLogin()
        let daemon = try await start(demo.home, clock: clock)
        try await demo.logIn()
        let token = try await demo.home.authagent("token", "work").output
        let before = try await expiry(demo)
        try step(clock, by: days * Self.day)
        for _ in 0..<5 { #expect(try await demo.home.authagent("token", "work").output == token) }
        #expect(demo.issuer.refreshCount == 0)
        // Proves that the agent's clock was stepped at all.
        let moved = try await expiry(demo) - before
        #expect(abs(moved - days * Self.day) < 60)
        #expect(daemon.isRunning)
    }

    @Test("a token expires even if the wall clock was set back by a day")
    func noStaleToken() async throws {
        let files = try TemporaryDirectory()
        let clock = try files.file("clock", "+0")
        var configuration = DemoIssuer.Configuration()
        // Longer than the time from the login to the step on a busy machine.
        configuration.firstAccessTokenLifetime = 8
        let demo = try await DemoLogin(configuration)
        let daemon = try await start(demo.home, clock: clock)
        try await demo.logIn()
        let first = try await demo.home.authagent("token", "work", "--min-valid", "0").output
        try step(clock, by: -Self.day)
        try await eventually("the expired token is still served") {
            try await demo.home.authagent("token", "work", "--min-valid", "0").output != first
        }
        #expect(demo.issuer.refreshCount == 1)
        #expect(daemon.isRunning)
    }

    private func expiry(_ demo: DemoLogin) async throws -> Int {
        let status = try await demo.home.authagent("status", "work", "--json")
        let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
        return try #require(report.accounts.first?.expiresAt)
    }
}
