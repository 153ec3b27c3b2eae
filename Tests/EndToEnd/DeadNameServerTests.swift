import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A provider whose name server does not answer. These tests need root, for port 53 and another /etc/resolv.conf.
@Suite(.timeLimit(.minutes(5)))
struct DeadNameServerTests {
    let nameServer: SilentNameServer
    let demo: DemoLogin
    let daemon: ChildProcess

    init() async throws {
        try #require(getuid() == 0, "these tests listen at port 53 and mount a file, which only root can")
        nameServer = try SilentNameServer()
        var configuration = DemoIssuer.Configuration()
        // On a busy machine a refresh takes seconds; with a shorter lifetime its token would be expired.
        configuration.accessTokenLifetime = 6
        demo = try await DemoLogin(configuration)
        let files = demo.home.files
        // Longer than the time limits: a request that waits for the resolver fails the test.
        let resolver = try files.file(
            "resolv.conf", "nameserver \(nameServer.address)\noptions timeout:30 attempts:2\n", mode: 0o644)
        let switches = try files.file("nsswitch.conf", "hosts: files dns\n", mode: 0o644)
        try files.directory("config/authagent")
        try files.file("config/authagent/authagent.toml", "[network]\nconnect_timeout = 20\n")
        let mounts = "mount --bind $1 /etc/resolv.conf && mount --bind $2 /etc/nsswitch.conf && exec $3"
        let command =
            try await MountNamespace.command() + [
                "/bin/sh", "-c", mounts, "sh", resolver, switches, try BuildProducts.path("authagentd"),
            ]
        daemon = try ChildProcess(
            command[0], Array(command.dropFirst()), environment: demo.home.environment, input: nil)
        let daemon = daemon
        await eventually("the daemon does not serve: \(daemon.errorsSoFar)") {
            daemon.errorsSoFar.contains("serving") || !daemon.isRunning
        }
    }

    @Test("while a name look-up hangs, times out or is cancelled, other accounts are served")
    func otherAccounts() async throws {
        try await demo.logIn()
        try await demo.tokenExpires()
        let patient = try await stuckLogin("patient", "one.dead.example")
        try await expectRefresh()
        #expect(patient.isRunning)
        let result = await patient.result()
        #expect(result.status == 6, "\(result.output)\(result.errors)")
        #expect(result.errors.contains("one.dead.example"), "\(result.errors)")
        try await demo.tokenExpires()
        try await expectRefresh()

        let hasty = try await stuckLogin("hasty", "two.dead.example")
        hasty.signal(SIGINT)
        #expect(await hasty.result().status != 0)
        try await demo.tokenExpires()
        try await expectRefresh()
        // One look-up: A and AAAA, each with at most two attempts.
        for name in ["one.dead.example", "two.dead.example"] {
            #expect((2...4).contains(nameServer.questions.count { $0 == name }), "\(name)")
        }
    }

    /// Starts a login that hangs in the resolver.
    private func stuckLogin(_ account: String, _ host: String) async throws -> ChildProcess {
        let login = try demo.home.client(
            ["login", account, "--issuer", "https://\(host)", "--client-id", "tv", "--store", "memory", "--json"])
        await eventually("no query for \(host): \(login.errorsSoFar)") { nameServer.questions.contains(host) }
        return login
    }

    /// Expects a refresh of the healthy account's expired token.
    private func expectRefresh(_ location: SourceLocation = #_sourceLocation) async throws {
        let count = demo.issuer.refreshCount
        let token = try await demo.home.authagent("token", "work")
        #expect(token.status == 0, "\(token.errors)", sourceLocation: location)
        #expect(demo.issuer.refreshCount > count, sourceLocation: location)
    }
}
