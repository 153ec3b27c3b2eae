import Foundation
import TestSupport
import Testing

/// What the real programs have given up for themselves, as the kernel shows it.
@Suite(.timeLimit(.minutes(5)))
struct RestrictionTests {
    /// The lines of /proc/PID/status by their names.
    private static func status(_ pid: Int32) throws -> [String: String] {
        let lines = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n")
        let pairs = lines.map { $0.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) } }
        return Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { $1 }
    }

    /// The process readers of an agent. There is one where Landlock is in force.
    private static func readers(of agent: Int32) throws -> [Int32] {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
        return processes.filter { pid in
            guard let status = try? Self.status(pid) else { return false }
            return status["PPid"] == "\(agent)" && status["Name"] == "authagentd-proc"
        }
    }

    @Test("agent, process reader and keyring helper run under filters of system calls and without new privileges")
    func inForce() async throws {
        let demo = try await DemoLogin(keyring: try await ScriptedKeyring(.lockingItems()))
        try await demo.logIn()
        await eventually("no helper stays") { demo.home.keyringHelpers.count == 1 }
        let agent = try #require(demo.home.daemonPID)
        let reader = try #require(try Self.readers(of: agent).first)
        let helper = try #require(demo.home.keyringHelpers.first)
        for pid in [agent, reader, helper] {
            let status = try Self.status(pid)
            #expect(status["Seccomp"] == "2" && status["NoNewPrivs"] == "1", "\(status["Name"] ?? "")")
        }
        // The helper's own, above that of the agent.
        #expect(try Self.status(helper)["Seccomp_filters"] == "2")
    }

    @Test("an agent whose rule names a program has Landlock, and the rule decides by the program")
    func rule() async throws {
        let demo = try await DemoLogin()
        let program = try demo.home.program("authagent")
        let settings = demo.home.files.path + "/config/authagent"
        try FileManager.default.createDirectory(
            atPath: settings, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let text = "[[rule]]\naccounts = [\"work\"]\nexecutable = \"\(program)\"\nallow = [\"token\", \"login\"]\n"
        try text.write(toFile: settings + "/authagent.toml", atomically: true, encoding: .utf8)
        chmod(settings + "/authagent.toml", 0o600)
        try await demo.logIn()
        let agent = try #require(demo.home.daemonPID)
        #expect(try Self.readers(of: agent).count == 1)
        #expect(try await demo.home.authagent("token", "work").status == 0)
        // Without "_claimed": the rule has compared the file.
        #expect(demo.home.log.contains(" executable=\(program) "), "\(demo.home.log)")
    }

    @Test("an agent whose keyring helper is a script serves, and its log says what it may execute for that")
    func script() async throws {
        let files = try TemporaryDirectory()
        let copy = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("authagentd"), files.path])
        try #require(copy.status == 0, "\(copy.errors)")
        try files.file("authagent-keyring", "#!/bin/sh\nexit 1\n", mode: 0o755)
        let daemon = try await AgentHome(programs: files.path).daemon()
        await eventually { daemon.errorsSoFar.contains("not restricted part=execution reason=") }
        #expect(daemon.errorsSoFar.contains("authagent-keyring is a script"), "\(daemon.errorsSoFar)")
        #expect(try Self.status(daemon.pid)["Seccomp"] == "2")
    }

    @Test("without its process reader an agent serves, and the log names no program")
    func readerKilled() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let agent = try #require(demo.home.daemonPID)
        kill(try #require(try Self.readers(of: agent).first), SIGKILL)
        await eventually("the log still names the program") {
            #expect((try? await demo.home.authagent("token", "work").status) == 0)
            return demo.home.log.split(separator: "\n").last { $0.contains("permission=token") }?
                .contains("executable") == false
        }
    }

    @Test("the agent's processes end with it, also when it is killed", arguments: [SIGTERM, SIGKILL])
    func end(_ signal: Int32) async throws {
        let home = try AgentHome()
        let daemon = try await home.daemon()
        let reader = try #require(try Self.readers(of: daemon.pid).first)
        daemon.signal(signal)
        _ = await daemon.result()
        await eventually("the process reader runs on") {
            guard let status = try? Self.status(reader) else { return true }
            return status["Name"] != "authagentd-proc" || status["State"]?.hasPrefix("Z") == true
        }
    }
}
