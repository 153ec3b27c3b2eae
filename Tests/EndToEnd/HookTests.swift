import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Hooks of `authagent.toml`, run by the real agent.
@Suite(.timeLimit(.minutes(5)))
struct HookTests {
    /// Writes a hook that appends its input to a file, and the settings that name it on each occasion.
    private func install(_ demo: DemoLogin, _ hook: String, _ occasions: [String]) throws {
        let path = try demo.home.files.file("hook", "#!/bin/sh\n\(hook)\n", mode: 0o700)
        try demo.home.files.directory("config/authagent")
        try demo.home.files.file(
            "config/authagent/authagent.toml", occasions.map { "\($0) = [\"\(path)\"]\n" }.joined())
    }

    private func facts(_ demo: DemoLogin) -> [[String: Any]] {
        let text = (try? String(contentsOfFile: demo.home.files.path + "/facts", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    @Test("a login's prompt, a renewal and the end of a login reach the hook, with no token and few variables")
    func occasions() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration)
        let files = demo.home.files.path
        try install(
            demo, "cat >> \(files)/facts; env > \(files)/env; echo 'the hook ran'",
            ["on_login_prompt", "on_refreshed", "on_login_required"])
        try await demo.logIn()
        await eventually { facts(demo).count == 1 }
        let prompt = try #require(facts(demo).first)
        #expect(prompt["event"] as? String == "login_prompt")
        #expect(prompt["user_code"] is String && prompt["verification_uri"] is String)
        try await demo.tokenExpires()
        let renewed = try await demo.home.authagent("token", "work")
        #expect(renewed.status == 0, "\(renewed.errors)")
        await eventually { facts(demo).last?["event"] as? String == "refreshed" }
        try await demo.home.authagent("lock")
        try await demo.home.authagent("unlock")
        demo.issuer.always(.token, .reply(status: 400, body: #"{"error":"invalid_grant"}"#))
        #expect(try await demo.home.authagent("token", "work").status == 3)
        await eventually { facts(demo).last?["event"] as? String == "login_required" }
        #expect(facts(demo).last?["hint"] as? String == "run 'authagent login work'")
        let text = try String(contentsOfFile: files + "/facts", encoding: .utf8)
        #expect(!text.contains(renewed.lines.first ?? "missing"))
        let environment = try String(contentsOfFile: files + "/env", encoding: .utf8)
        let names = Set(environment.split(separator: "\n").map { $0.prefix { $0 != "=" } })
        #expect(
            names.isSubset(of: [
                "PATH", "HOME", "AUTHAGENT_SOCK", "XDG_CONFIG_HOME", "LANG", "PWD", "SHLVL", "_", "OLDPWD",
            ]), "\(names)")
        await eventually { demo.home.log.contains("hook printed") && demo.home.log.contains("the hook ran") }
    }

    @Test("a hook gets the usual limit of descriptors, which the agent raises for itself")
    func descriptors() async throws {
        let demo = try await DemoLogin()
        let files = demo.home.files.path
        try install(demo, "ulimit -Sn > \(files)/limit.new; mv \(files)/limit.new \(files)/limit", ["on_login_prompt"])
        let started = try await ChildProcess.run(
            "/bin/sh", ["-c", "ulimit -Sn 400 && exec \"$0\" start", try demo.home.program("authagent")],
            environment: demo.home.environment)
        #expect(started.status == 0, "\(started.errors)")
        try await demo.logIn()
        await eventually { FileManager.default.fileExists(atPath: files + "/limit") }
        #expect(try String(contentsOfFile: files + "/limit", encoding: .utf8) == "400\n")
        let pid = try #require(demo.home.daemonPID)
        let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
        let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
        let words = line.split(separator: " ")
        #expect(words[3] == words[4] && words[3] != "400", "\(line)")
    }

    @Test("a hook that hangs delays no request, and ends with the agent")
    func hanging() async throws {
        let demo = try await DemoLogin()
        let files = demo.home.files.path
        try install(
            demo, "trap '' TERM; sleep 600 & echo $! > \(files)/child; echo $$ > \(files)/self; wait",
            ["on_login_prompt"])
        try await demo.logIn()
        await eventually { FileManager.default.fileExists(atPath: files + "/self") }
        #expect(try await demo.home.authagent("token", "work").status == 0)
        #expect(try await demo.home.authagent("reload").status == 0)
        #expect(try await demo.home.authagent("stop").status == 0)
        for name in ["self", "child"] {
            let text = try String(contentsOfFile: files + "/\(name)", encoding: .utf8)
            let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            await eventually {
                let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
                return stat.isEmpty || stat.contains(") Z")
            }
        }
    }

    @Test("a hook that others may write to keeps the agent from starting, and a reload from being applied")
    func refused() async throws {
        let demo = try await DemoLogin()
        try install(demo, "true", ["on_refreshed"])
        try await demo.logIn()
        chmod(demo.home.files.path + "/hook", 0o722)
        let reload = try await demo.home.authagent("reload")
        #expect(reload.status == 1)
        #expect(reload.errors.contains("on_refreshed: others may write to"), "\(reload.errors)")
        #expect(reload.errors.contains("hint: run 'chmod go-w"), "\(reload.errors)")
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }
}
