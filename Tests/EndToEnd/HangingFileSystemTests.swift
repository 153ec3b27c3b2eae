import Foundation
import TestSupport
import Testing

/// Callers whose program is on a real file system (FUSE) that stops answering, like that of a dead server.
@Suite(.timeLimit(.minutes(5)))
struct HangingFileSystemTests {
    init() throws { try #require(getuid() == 0, "these tests mount a file system, which only root can") }

    /// Copies a program to its own path, which a rule can name.
    private func program(_ files: TemporaryDirectory) async throws -> String {
        try #require(chmod(files.path, 0o755) == 0)
        let program = files.path + "/good"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        return program
    }

    /// Sends a request in a background task.
    private func asking(_ actor: SocketActor, _ target: String) -> Task<String, Never> {
        Task { await actor.ask(target) }
    }

    @Test("at root's agent the hanging caller is refused, and no other user or account waits")
    func rootAgent() async throws {
        let hanging = try await HangingFiles(showing: try BuildProducts.path("socket-actor"))
        let files = try TemporaryDirectory()
        let good = try await program(files)
        let agent = try await RootAgent(
            rules: RootAgent.rule("secret", "uid = \(RootAgent.attacker)\nexecutable = \"\(hanging.program)\"")
                + RootAgent.rule("work", "uid = \(RootAgent.neighbour)\nexecutable = \"\(good)\"")
                + RootAgent.rule("work", "uid = \(RootAgent.attacker)\nexecutable = \"\(good)\""))
        // Before the file system hangs, the rule matches the program.
        let actors = try await many(4) { try await agent.actor(RootAgent.attacker, hanging.program) }
        #expect(await actors[0].ask("/v1/accounts/secret/token").hasPrefix("404 "))
        await hanging.hang()
        for actor in actors { await actor.renew() }
        let answers = actors.map { asking($0, "/v1/accounts/secret/token") }
        // Root, another user whose program is inspected, and another program of the same user.
        #expect(try await agent.demo.home.authagent("token", "work").status == 0)
        #expect(try await agent.ask(RootAgent.neighbour, RootAgent.token, good).hasPrefix("200 "))
        #expect(try await agent.ask(RootAgent.attacker, RootAgent.token, good).hasPrefix("200 "))
        for answer in answers {
            let answer = await answer.value
            #expect(answer.hasPrefix("403 "), "\(answer)")
        }
        #expect(try await agent.ask(RootAgent.neighbour, RootAgent.token, good).hasPrefix("200 "))
        await hanging.end()
        for actor in actors { actor.end() }
    }

    @Test("an agent that is killed while it reads a file that hangs keeps neither lock nor socket")
    func killed() async throws {
        let hanging = try await HangingFiles(showing: try BuildProducts.path("socket-actor"))
        let agent = try await RootAgent(
            rules: RootAgent.rule("secret", "uid = \(RootAgent.attacker)\nexecutable = \"\(hanging.program)\""))
        let actor = try await agent.actor(RootAgent.attacker, hanging.program)
        await hanging.hang()
        await actor.renew()
        let answer = asking(actor, "/v1/accounts/secret/token")
        let pid = agent.daemon.pid
        await hanging.holdsRequest()
        try await eventually("no thread waits for the file system") { try Self.waits(pid) }
        // Restores the mode that the agent requires.
        #expect(chmod(agent.demo.home.files.path + "/run", 0o700) == 0)
        kill(pid, SIGKILL)
        try await eventually("no other agent starts") {
            try await agent.demo.home.authagent("status").status == 0 && agent.demo.home.daemonPID != pid
        }
        #expect(try Self.waits(pid), "SIGKILL must not end this wait")
        await hanging.end()
        actor.end()
        _ = await answer.value
    }

    /// Whether a thread of the process waits for a reply of a FUSE server.
    private static func waits(_ pid: Int32) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").contains { thread in
            (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/wchan", encoding: .utf8))?.contains(
                "request_wait_answer") == true
        }
    }

    @Test("a rule whose program's file system hangs does not block a reload, and can be removed")
    func reload() async throws {
        let hanging = try await HangingFiles(showing: try BuildProducts.path("socket-actor"))
        let demo = try await DemoLogin()
        try demo.home.files.directory("config/authagent")
        try await demo.logIn()
        await hanging.hang()
        for rules in [RootAgent.rule("other", "executable = \"\(hanging.program)\""), ""] {
            try demo.home.files.file("config/authagent/authagent.toml", rules)
            for _ in 0..<2 {
                let reload = try await demo.home.authagent("reload")
                #expect(reload.status == 0, "\(reload.errors)")
            }
        }
        await hanging.end()
    }

    @Test("with a rule about another account, a user's own agent serves its programs meanwhile")
    func ownAgent() async throws {
        let hanging = try await HangingFiles(showing: try BuildProducts.path("socket-actor"))
        let demo = try await DemoLogin()
        try demo.home.files.directory("config/authagent")
        try demo.home.files.file(
            "config/authagent/authagent.toml",
            RootAgent.rule("other", "user = \"*\"\nexecutable = \"\(hanging.program)\""))
        try await demo.logIn()
        let actor = try await SocketActor(demo.home.socket, program: hanging.program)
        await hanging.hang()
        await actor.renew()
        // No rule about this account has a program.
        #expect(await actor.ask(RootAgent.token).hasPrefix("200 "))
        let refused = asking(actor, "/v1/accounts/other/token")
        for _ in 0..<5 { #expect(try await demo.home.authagent("token", "work").status == 0) }
        #expect(try await demo.home.authagent("status", "other").status != 4)
        let answer = await refused.value
        // The caller may be the rule's program, so a later rule must not allow more.
        #expect(!answer.hasPrefix("200 "), "\(answer)")
        await hanging.end()
        actor.end()
    }

    @Test("a mount over a path whose real file hangs: the attacker is refused, and no other caller waits")
    func ownNamespace() async throws {
        let hanging = try await HangingFiles(showing: try BuildProducts.path("socket-actor"))
        let files = try TemporaryDirectory()
        let good = try await program(files)
        let agent = try await RootAgent(
            rules: RootAgent.rule("work", "executable = \"\(hanging.program)\"")
                + RootAgent.rule("work", "uid = \(RootAgent.neighbour)\nexecutable = \"\(good)\""))
        let actor = try await agent.actor(
            RootAgent.attacker, hanging.program, through: try await OtherPlace.command(hiding: hanging.program))
        await hanging.hang()
        await actor.renew()
        let refused = asking(actor, RootAgent.token)
        #expect(try await agent.demo.home.authagent("token", "work").status == 0)
        #expect(try await agent.ask(RootAgent.neighbour, RootAgent.token, good).hasPrefix("200 "))
        let answer = await refused.value
        #expect(answer.hasPrefix("403 "), "\(answer)")
        await hanging.end()
        actor.end()
    }

    @Test("under a rule by digest a program whose file hangs is refused, and another one is served")
    func digest() async throws {
        let hanging = try await HangingFiles(showing: try BuildProducts.path("socket-actor"))
        let files = try TemporaryDirectory()
        let good = try await program(files)
        let sum = try await ChildProcess.run("/usr/bin/sha256sum", [good]).output.prefix(64)
        let agent = try await RootAgent(rules: RootAgent.rule("work", "user = \"*\"\nexecutable_sha256 = \"\(sum)\""))
        let actors = try await many(4) { try await agent.actor(RootAgent.attacker, hanging.program) }
        await hanging.hang()
        let answers = actors.map { asking($0, RootAgent.token) }
        for _ in 0..<3 {
            #expect(try await agent.ask(RootAgent.neighbour, RootAgent.token, good).hasPrefix("200 "))
        }
        // The program is the same, but its file could not be read.
        for answer in answers {
            let answer = await answer.value
            #expect(answer.hasPrefix("403 "), "\(answer)")
        }
        await hanging.end()
        for actor in actors { actor.end() }
    }

    private func many<Value>(_ count: Int, _ make: () async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for _ in 0..<count { values.append(try await make()) }
        return values
    }
}
