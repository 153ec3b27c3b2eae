import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The process that runs hooks, beside the real agent.
@Suite(.timeLimit(.minutes(5)))
struct HookProcessTests {
    private let demo: DemoLogin

    init() async throws { demo = try await DemoLogin(changes: ["A_SECRET": "canary-in-the-environment"]) }

    private var home: AgentHome { demo.home }

    private func configure(_ text: String) throws {
        try home.files.directory("config/authagent")
        try home.files.file("config/authagent/authagent.toml", text)
    }

    private func hook(_ name: String, _ text: String) throws -> String {
        try home.files.file(name, "#!/bin/sh\n\(text)\n", mode: 0o700)
    }

    private func field(_ name: String, _ pid: Int32) -> String? {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").first { $0.hasPrefix(name + ":\t") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    /// The number of the process that runs the agent's hooks.
    private func spawner() throws -> Int32 {
        let agent = try #require(home.daemonPID)
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
        return try #require(
            processes.first { field("Name", $0) == "authagent-hooks" && field("PPid", $0) == "\(agent)" })
    }

    private func hasEnded(_ pid: Int32) -> Bool { field("State", pid)?.hasPrefix("Z") ?? true }

    private func number(_ file: String) -> Int32? {
        (try? String(contentsOfFile: home.files.path + "/" + file, encoding: .utf8)).flatMap {
            Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    @Test("the process that runs hooks has one connection, no other file, and no variable that hooks do not get")
    func surroundings() async throws {
        try await demo.logIn()
        let pid = try spawner()
        // Only root may look into a process that protects itself.
        guard geteuid() == 0 else {
            #expect(throws: (any Error).self) {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
            }
            return
        }
        let directory = "/proc/\(pid)/fd/"
        let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        let targets = try files.map { try FileManager.default.destinationOfSymbolicLink(atPath: directory + $0) }
        #expect(files == ["0", "1", "2", "3"])
        #expect(targets.prefix(3) == ["/dev/null", "/dev/null", "/dev/null"] && targets[3].hasPrefix("socket:"))
        let environment = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/environ"))
        let text = String(decoding: environment, as: UTF8.self)
        #expect(text.contains("HOME=") && !text.contains("canary"))
        var search = MemorySearch()
        search.add("variable", "canary-in-the-environment")
        let found = try await search.count(in: pid)
        #expect(found.counts["variable"]?.plain == 0, "\(found.places)")
    }

    @Test("hooks and the process that runs them end with an agent that is killed")
    func killedAgent() async throws {
        let files = home.files.path
        let path = try hook("hook", "sleep 600 & echo $! > \(files)/child; echo $$ > \(files)/self; wait")
        try configure("on_login_prompt = [\"\(path)\"]\n")
        try await demo.logIn()
        await eventually { number("self") != nil && number("child") != nil }
        let pid = try spawner()
        kill(try #require(home.daemonPID), SIGKILL)
        for process in [pid, try #require(number("self")), try #require(number("child"))] {
            await eventually { hasEnded(process) }
        }
    }

    @Test("SIGTERM, SIGINT and SIGHUP of a whole control group leave hooks to the agent")
    func signals() async throws {
        let path = try hook("hook", "echo ran >> \(home.files.path)/log")
        try configure("on_login_prompt = [\"\(path)\"]\n")
        _ = try await home.authagent("start")
        let pid = try spawner()
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] { kill(pid, signal) }
        try await demo.logIn()
        await eventually { FileManager.default.fileExists(atPath: home.files.path + "/log") }
        #expect(!hasEnded(pid))
    }

    @Test("without the process that runs hooks tokens are served; doctor, status --security and the log say so")
    func killedSpawner() async throws {
        let path = try hook("hook", "true")
        try configure("on_refreshed = [\"\(path)\"]\n")
        try await demo.logIn()
        kill(try spawner(), SIGKILL)
        let log = "hooks do not run"
        await eventually { home.log.contains(log) }
        #expect(try await home.authagent("token", "work").status == 0)
        #expect(try await home.doctor()[.agentHooks].map(\.state) == [.problem])
        let result = try await home.authagent("status", "--security", "--json")
        let report = try APIJSON.decode(SecurityReport.self, from: result.output.utf8)
        let check = try #require(report.checks.first { $0.id == .hooks })
        #expect(check.grade == .weak && check.hint == "run 'authagent stop', and the next command starts a new agent")
        // Rules can still be changed.
        #expect(try await home.authagent("reload").status == 0)
    }

    @Test("a hook that a reload names runs, and one that only the file names does not")
    func reload() async throws {
        let files = home.files.path
        let (first, second) = (
            try hook("first", "echo >> \(files)/first.ran"), try hook("second", "echo >> \(files)/second.ran")
        )
        try configure("on_login_prompt = [\"\(first)\"]\n")
        try await demo.logIn()
        await eventually { FileManager.default.fileExists(atPath: files + "/first.ran") }
        try configure("on_login_prompt = [\"\(second)\"]\n")
        try FileManager.default.removeItem(atPath: files + "/first.ran")
        try await demo.logIn("other")
        await eventually { FileManager.default.fileExists(atPath: files + "/first.ran") }
        #expect(!FileManager.default.fileExists(atPath: files + "/second.ran"))
        #expect(try await home.authagent("reload").status == 0)
        try await demo.logIn("third")
        await eventually { FileManager.default.fileExists(atPath: files + "/second.ran") }
    }
}
