import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// One daemon: the first client starts it, and its end loses nothing.
@Suite(.timeLimit(.minutes(5)))
struct LifecycleTests {
    @Test("clients that race to start the agent all get a reply from the same agent")
    func autostartRace() async throws {
        let home = try AgentHome()
        let clients = try (0..<20).map { _ in try home.client(["status", "--json"]) }
        var pids: Set<Int32> = []
        for client in clients {
            let result = await client.result()
            #expect(result.status == 0, "\(result.errors)")
            pids.insert(try APIJSON.decode(StatusReport.self, from: result.output.utf8).agent.pid)
        }
        #expect(pids.count == 1)
        #expect(pids.first == home.daemonPID)
    }

    @Test("start, stop and start again work; stop without an agent is not an error")
    func startStop() async throws {
        let home = try AgentHome()
        #expect(try await home.authagent("stop").output == "the agent is not running\n")
        let start = try await home.authagent("start")
        #expect(start.status == 0)
        let pid = try #require(home.daemonPID)
        #expect(start.output.contains("pid \(pid)"))
        #expect(try await home.authagent("start").output == start.output)
        #expect(try await home.authagent("stop").output == "agent stopped, pid \(pid)\n")
        #expect(home.daemonPID == nil)
        #expect(try await home.authagent("start").status == 0)
    }

    @Test("stop ends an agent that listens elsewhere")
    func stopByLock() async throws {
        let home = try AgentHome()
        let daemon = try await home.daemon()
        let stop = try ChildProcess(
            try BuildProducts.path("authagent"), ["stop"],
            environment: home.environment.merging(["AUTHAGENT_SOCK": home.files.path + "/run/other.sock"]) { $1 }
        )
        #expect(await stop.result().output == "agent stopped, pid \(daemon.pid)\n")
        #expect(await daemon.result().status == 0)
    }

    @Test("a signal during the agent's start is handled: SIGTERM ends it cleanly, SIGHUP does not end it")
    func signalledEarly() async throws {
        for number in [SIGTERM, SIGHUP] {
            let home = try AgentHome()
            let agent = try ChildProcess(
                try BuildProducts.path("authagentd"), [], environment: home.environment, input: nil)
            // The earliest time at which other processes can find the agent.
            let lock = home.files.path + "/state/authagent/agent.lock"
            await eventually("the agent does not start: \(agent.errorsSoFar)") {
                FileManager.default.contents(atPath: lock) == Data("\(agent.pid)\n".utf8)
            }
            agent.signal(number)
            if number == SIGHUP {
                try await eventually("the agent does not serve") {
                    let status = try await home.authagent("status", "--json")
                    return try APIJSON.decode(StatusReport.self, from: status.output.utf8).agent.pid == agent.pid
                }
                agent.signal(SIGTERM)
            }
            #expect(await agent.result().status == 0, "\(number)")
        }
    }

    @Test("stop ends no process but an agent, whatever process id is in the lock file")
    func foreignNumber() async throws {
        let home = try AgentHome()
        let bystander = try ChildProcess("/bin/cat", environment: ChildProcess.programEnvironment, input: nil)
        try home.files.directory("state/authagent")
        let lock = try home.files.file("state/authagent/agent.lock", "\(bystander.pid)\n")
        let flock = try MissingProgram.require("flock", package: "util-linux")
        let holder = try ChildProcess(
            flock, ["--no-fork", lock, "sh", "-c", "echo held; exec cat"], environment: ChildProcess.programEnvironment,
            input: nil
        )
        #expect(await holder.line() == "held")
        let result = try await home.authagent("stop")
        #expect(result.status == 1)
        #expect(result.errors.contains("the process \(bystander.pid) that the agent reports is not an agent"))
        #expect(bystander.isRunning)
        bystander.closeInput()
        #expect(await bystander.result().status == 0)
    }

    @Test("a second daemon refuses to start, names the first, and changes nothing")
    func secondDaemon() async throws {
        let home = try AgentHome()
        let first = try await home.daemon()
        let second = await (try home.daemon()).result()
        #expect(second.status == 1)
        #expect(second.errors.contains("authagentd: error: another authagentd is already running (pid \(first.pid))"))
        #expect(second.errors.contains("authagentd: hint: run 'authagent status'"))
        #expect(try await home.authagent("start").output.contains("pid \(first.pid)"))
    }

    @Test("a socket that a killed agent left behind does not stop the next agent")
    func staleSocket() async throws {
        let home = try AgentHome()
        try await home.authagent("start")
        await home.killDaemon()
        #expect(FileManager.default.fileExists(atPath: home.socket))
        #expect(try await home.authagent("status").status == 0)
    }

    @Test("200 clients at the token's expiry share one refresh")
    func singleFlight() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        try await demo.tokenExpires()
        let gate = Gate()
        demo.issuer.enqueue(.token, .wait { await gate.pass() })
        let clients = try (0..<200).map { _ in try demo.home.client(["token", "work"]) }
        await gate.arrived()
        gate.open()
        var tokens: Set<String> = []
        for client in clients {
            let result = await client.result()
            #expect(result.status == 0, "\(result.errors)")
            tokens.insert(result.output)
        }
        #expect(demo.issuer.refreshCount == 1)
        #expect(tokens.count == 1)
    }

    @Test("a provider that does not answer delays only its own account")
    func accountsAreIndependent() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration)
        try await demo.logIn("slow")
        let other = try await DemoIssuer.start(configuration)
        let login = try await demo.home.login(
            "fast", ["--issuer", other.issuer, "--client-id", "tv", "--store", "memory"]
        ) { other.approve($0) }
        #expect(login.status == 0)
        for account in ["slow", "fast"] { try await demo.tokenExpires(account) }
        let gate = Gate()
        demo.issuer.always(.token, .wait { await gate.pass() })
        let waiting = try demo.home.client(["token", "slow"])
        await gate.arrived()
        // A refresh of the other account, not only its cached token.
        #expect(try await demo.home.authagent("token", "fast").status == 0)
        #expect(waiting.isRunning)
        gate.open()
        #expect(await waiting.result().status == 0)
    }

    @Test("SIGHUP and reload apply a new account file; an invalid one changes nothing and is named")
    func reload() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let files = demo.home.files
        let text = "issuer = \"https://issuer.example\"\nclient_id = \"x\"\nstore = \"memory\"\n"
        try files.file("config/authagent/accounts/fleet.toml", text)
        #expect(try await demo.home.authagent("reload").output == "configuration reloaded\n")
        #expect(try await demo.home.authagent("status").output.contains("fleet"))

        let bad = try files.file("config/authagent/accounts/bad.toml", text + "scoops = []\n")
        let refused = try await demo.home.authagent("reload")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("\(bad):4: unknown key 'scoops'"), "\(refused.errors)")
        #expect(refused.errors.contains("did you mean 'scopes'?"))
        #expect(try await demo.home.authagent("token", "work").status == 0)

        try FileManager.default.removeItem(atPath: bad)
        try FileManager.default.removeItem(atPath: demo.home.accountFiles + "/fleet.toml")
        kill(try #require(demo.home.daemonPID), SIGHUP)
        try await eventually { try await !demo.home.authagent("status").output.contains("fleet") }
    }
}
