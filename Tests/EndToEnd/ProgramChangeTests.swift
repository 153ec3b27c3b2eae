import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Real programs that execute another one, or have a misleading name.
@Suite(.timeLimit(.minutes(5)))
struct ProgramChangeTests {
    private func agent(_ rules: String) async throws -> DemoLogin {
        let demo = try await DemoLogin()
        try demo.home.files.directory("config/authagent")
        try demo.home.files.file("config/authagent/authagent.toml", rules)
        try await demo.logIn()
        return demo
    }

    private func copy(_ demo: DemoLogin, _ name: String) async throws -> String {
        let program = demo.home.files.path + "/" + name
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        return program
    }

    @Test("a stream allowed by path or digest ends when its process executes another program")
    func stream() async throws {
        let path = (try BuildProducts.path("socket-actor") as NSString).resolvingSymlinksInPath
        let sum = try await ChildProcess.run("/usr/bin/sha256sum", [path]).output.prefix(64)
        for condition in ["executable = \"\(path)\"", "executable_sha256 = \"\(sum)\""] {
            let demo = try await agent(RootAgent.rule("*", condition, allow: "status"))
            let actor = try await SocketActor(demo.home.socket)
            actor.watch("/v1/events")
            await eventually { actor.streamed.contains("id: ") }
            try await demo.home.authagent("lock")
            await eventually { actor.streamed.contains("locked") }
            await actor.become("/bin/sleep")
            try await demo.home.authagent("unlock")
            await eventually { actor.streamed.contains("closed") }
            #expect(!actor.streamed.contains("unlocked"), "\(actor.streamed)")
            kill(actor.pid, SIGKILL)
            actor.end()
        }
    }

    @Test("a stream allowed by a rule without a program continues when its process executes another program")
    func freeStream() async throws {
        let demo = try await agent("")
        let actor = try await SocketActor(demo.home.socket)
        actor.watch("/v1/events")
        await eventually { actor.streamed.contains("id: ") }
        await actor.become("/bin/sleep")
        try await demo.home.authagent("lock")
        await eventually { actor.streamed.contains("locked") }
        kill(actor.pid, SIGKILL)
        actor.end()
    }

    @Test("if the caller executes another program while it waits, the token is not sent")
    func waiting() async throws {
        let path = (try BuildProducts.path("socket-actor") as NSString).resolvingSymlinksInPath
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration)
        try demo.home.files.directory("config/authagent")
        try demo.home.files.file(
            "config/authagent/authagent.toml", RootAgent.rule("work", "executable = \"\(path)\""))
        try await demo.logIn()
        try await demo.tokenExpires()
        let gate = Gate()
        demo.issuer.enqueue(.token, .wait { await gate.pass() })
        let actor = try await SocketActor(demo.home.socket)
        actor.watch(RootAgent.token)
        await gate.arrived()
        await actor.become("/bin/sleep")
        gate.open()
        await eventually { actor.streamed.contains("HTTP/1.1") }
        #expect(actor.streamed.contains("caller_lost"), "\(actor.streamed)")
        #expect(!actor.streamed.contains("access_token"))
        // The renewed token is kept for allowed callers.
        #expect(demo.issuer.liveRefreshTokens.count == 1)
        kill(actor.pid, SIGKILL)
        actor.end()
    }

    @Test("audit and events mark an executable as claimed unless a rule has verified it")
    func claimed() async throws {
        let demo = try await DemoLogin()
        try demo.home.files.directory("programs")
        let good = try await copy(demo, "programs/good")
        let other = try await copy(demo, "other")
        let audit = try demo.home.files.directory("audit") + "/audit.log"
        try demo.home.files.directory("config/authagent")
        try demo.home.files.file(
            "config/authagent/authagent.toml",
            "audit_file = \"\(audit)\"\n" + RootAgent.rule("work", "executable = \"\(good)\"")
                + RootAgent.rule("work", "user = \"*\"\nexecutable = \"\(other)\"", allow: "status"))
        let daemon = try await demo.home.daemon()
        // The rule allows only status, so it may not log in either.
        try await demo.logIn("free")
        for (program, name) in [(good, "executable"), (try BuildProducts.path("socket-actor"), "executable_claimed")] {
            let actor = try await SocketActor(demo.home.socket, program: program)
            _ = await actor.ask("/v1/accounts/\(name == "executable" ? "work" : "free")/token")
            let text = "\"pid\":\(actor.pid),\"\(name)\":\"\((program as NSString).resolvingSymlinksInPath)\""
            await eventually("no line with \(text)") {
                (try? String(contentsOfFile: audit, encoding: .utf8))?.contains(text) == true
            }
            await eventually { daemon.errorsSoFar.contains(" \(name)=") }
            // Also on its next connection, which uses the cached facts about the process.
            await actor.renew()
            _ = await actor.ask("/v1/accounts/free/token")
            let claim = "\"pid\":\(actor.pid),\"executable_claimed\":"
            await eventually {
                (try? String(contentsOfFile: audit, encoding: .utf8))?.contains(claim) == true
            }
            let lines = try String(contentsOfFile: audit, encoding: .utf8)
            let confirmed = lines.split(separator: "\n").filter { $0.contains("\"pid\":\(actor.pid),\"executable\":") }
            #expect(confirmed.count == (name == "executable" ? 1 : 0))
            actor.end()
        }
        // A false path is marked as claimed: the agent sees another file at the path of the rule.
        let liar = try await SocketActor(
            demo.home.socket, program: good, through: try await OtherPlace.command(hiding: good))
        _ = await liar.ask(RootAgent.token)
        let text = "\"pid\":\(liar.pid),\"executable_claimed\":\"\(good)\""
        await eventually { (try? String(contentsOfFile: audit, encoding: .utf8))?.contains(text) == true }
        let shown = try await demo.home.authagent("policy", "check", "--as-pid", "\(liar.pid)", "work", "--json")
        #expect(shown.output.contains("\"executable_claimed\":\"\(good)\""), "\(shown.output)")
        #expect(!shown.output.contains("\"executable\":"), "\(shown.output)")
        liar.end()
    }

    @Test("control characters in a program's name are escaped in events, policy check and status --json")
    func names() async throws {
        let demo = try await DemoLogin()
        let name = "x\u{9B}31m\u{202E}\u{2066}\u{200B}\u{2028}\u{E0041}\u{7F}\u{1B}[31m\u{85}y"
        let program = try await copy(demo, name)
        try demo.home.files.directory("config/authagent")
        try demo.home.files.file(
            "config/authagent/authagent.toml",
            RootAgent.rule("work", "executable = \"/no/such\"", allow: "status")
                + "[[rule]]\naccounts = [\"secret-*\"]\nuser = \"*\"\nallow = []\n")
        try await demo.logIn()
        let watcher = try demo.home.client(["events", "--json"], input: nil)
        let actor = try await SocketActor(demo.home.socket, program: program)
        // Repeats until the watcher gets one; the same refusal is reported once a minute.
        var number = 0
        await eventually {
            number += 1
            _ = await actor.ask("/v1/accounts/secret-\(number)/token")
            return watcher.outputSoFar.contains("denied")
        }
        var texts = [watcher.outputSoFar]
        for command in [
            ["policy", "check", "--as-pid", "\(actor.pid)", "work", "--json"], ["status", "--json"],
            ["policy", "check", "--as-pid", "\(actor.pid)", "work"],
        ] {
            let result = try await demo.home.authagent(command)
            #expect(result.status == 0, "\(result.errors)")
            texts.append(result.output)
        }
        for text in texts {
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || Self.isHarmless($0) }, "\(text.debugDescription)")
        }
        // JSON keeps the whole name.
        #expect(texts[1].contains("x\\u009b31m\\u202e\\u2066\\u200b\\u2028\\udb40\\udc41\\u007f\\u001b[31m\\u0085y"))
        watcher.signal(SIGTERM)
        actor.end()
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
