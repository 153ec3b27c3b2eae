import DemoIssuer
import Foundation
import TestSupport
import Testing

/// One agent and several users. These tests need root.
@Suite(.timeLimit(.minutes(5)))
struct SystemAgentTests {
    private static let rule = """
        [[rule]]
        accounts = ["work"]
        uid = \(SystemAgent.backup)
        allow = ["token", "status"]

        """

    @Test("each user gets what the rules grant, sees nothing else, and every decision is in the audit file")
    func severalUsers() async throws {
        let system = try await SystemAgent()
        try system.configure(Self.rule)
        let issuer = try await DemoIssuer.start(DemoIssuer.Configuration())
        let daemon = try await system.serve()
        try await system.logIn("work", issuer)
        try await system.logIn("private", issuer)

        let token = try await system.client(SystemAgent.backup, "token", "work")
        #expect(token.status == 0, "\(token.errors)")
        #expect(try await system.client(SystemAgent.backup, "token", "private").status == 5)
        #expect(try await system.client(SystemAgent.backup, "logout", "work").status == 5)
        let status = try await system.client(SystemAgent.backup, "status", "--json")
        #expect(status.status == 0 && status.output.contains("\"work\"") && !status.output.contains("private"))

        let guest = try await system.client(SystemAgent.guest, "token", "work")
        #expect(guest.status == 5, "\(guest.errors)")
        let outsider = try await system.client(SystemAgent.outsider, isMember: false, "token", "work")
        #expect(outsider.status == 4 && outsider.errors.contains("Permission denied"), "\(outsider.errors)")

        await eventually { system.audit.contains { $0["uid"] as? Int == Int(SystemAgent.guest) } }
        let lines = system.audit
        let mine = lines.filter { $0["uid"] as? Int == Int(SystemAgent.backup) }
        #expect(
            mine.map { "\($0["permission"] ?? "") \($0["account"] ?? "-") \($0["decision"] ?? "")" } == [
                "token work allowed", "token private refused", "logout work refused", "status - allowed",
            ])
        #expect(mine.first?["rule"] as? Int == 1)
        #expect(mine.first?["result"] as? String == "ok")
        let theirs = lines.filter { $0["uid"] as? Int == Int(SystemAgent.guest) }
        #expect(theirs.map { $0["decision"] as? String } == ["refused"])
        #expect(lines.contains { $0["permission"] as? String == "login" && $0["uid"] as? Int == 0 })
        #expect(!lines.contains { $0["uid"] as? Int == Int(SystemAgent.outsider) })
        let secrets = issuer.refreshTokens + token.lines
        let text = try String(contentsOfFile: system.auditFile, encoding: .utf8)
        for secret in secrets { #expect(!text.contains(secret) && !daemon.errorsSoFar.contains(secret)) }
        #expect(!secrets.isEmpty)
    }

    @Test(
        "if the agent cannot inspect a program, callers whom its rule might deny are refused with a reason")
    func unreadable() async throws {
        let system = try await SystemAgent()
        let everyUser = "[[rule]]\naccounts = [\"*\"]\nuser = \"*\"\nallow = [\"status\", \"login\"]\n"
        func rule(_ user: UInt32, _ more: String) -> String {
            "[[rule]]\naccounts = [\"*\"]\nuid = \(user)\nexecutable = \"/no/such/program\"\n\(more)\n"
        }
        try system.configure(
            rule(SystemAgent.guest, "allow = []") + rule(SystemAgent.backup, "allow = [\"status\"]") + everyUser)
        let daemon = try await system.serve()
        func status(_ user: UInt32) async throws -> ChildProcess.Result {
            try await system.client(user, "status", "ghost")
        }
        let guest = try await status(SystemAgent.guest)
        #expect(guest.status == 5 && guest.errors.contains("no rule allows 'status'"), "\(guest.errors)")
        // What this rule and the later one both allow without a bound does not depend on the match.
        let backup = try await status(SystemAgent.backup)
        #expect(backup.status != 5 && !backup.errors.contains("no rule"), "\(backup.errors)")
        #expect(try await system.client(SystemAgent.backup, "login", "ghost").status == 5)

        let sleeper = try ChildProcess(
            try MissingProgram.require("setpriv", package: "util-linux"),
            ["--reuid=\(SystemAgent.guest)", "--regid=\(SystemAgent.guest)", "--clear-groups", "/bin/sleep", "300"],
            environment: ChildProcess.programEnvironment, input: nil)
        defer { kill(sleeper.pid, SIGKILL) }
        await eventually {
            (try? String(contentsOfFile: "/proc/\(sleeper.pid)/comm", encoding: .utf8)) == "sleep\n"
        }
        try system.configure(rule(SystemAgent.guest, "allow = []"))
        kill(daemon.pid, SIGHUP)
        var shown = ""
        try await eventually {
            shown = try await system.client(0, "policy", "check", "--as-pid", "\(sleeper.pid)", "ghost").output
            return !shown.contains("rule 2")
        }
        for line in [
            "it is unknown whether it matches", "  ?    executable = /no/such/program, which cannot be determined",
            "token     refused  by rule 1",
        ] {
            #expect(shown.contains(line), "\(line)\n\(shown)")
        }
    }

    @Test("the socket and its directory are the group's, also after they were recreated")
    func modes() async throws {
        let system = try await SystemAgent()
        try system.configure(Self.rule)
        let daemon = try await system.serve()
        func isOpenToGroup() -> Bool {
            var status = stat()
            return lstat(system.socket, &status) == 0 && status.st_mode & 0o777 == 0o660
                && status.st_gid == system.group.id && status.st_uid == SystemAgent.agent
        }
        #expect(isOpenToGroup())
        try FileManager.default.removeItem(atPath: system.socket)
        await eventually { isOpenToGroup() }
        _ = daemon
    }

    @Test("while the machine's agent is down, no other agent is started in its place")
    func down() async throws {
        let system = try await SystemAgent()
        try system.configure(Self.rule)
        for user in [0, SystemAgent.backup] {
            let result = try await system.client(user, "token", "work")
            #expect(result.status == 4)
            #expect(result.errors.contains("systemctl start authagent.socket"), "\(result.errors)")
        }
        #expect(AgentHome.daemonPID(lock: system.path + "/home/.local/state/authagent/agent.lock") == nil)
    }

    @Test("if another user could have created the socket, no request is sent, whatever the agent's user")
    func trap() async throws {
        let system = try await SystemAgent()
        try system.configure(Self.rule)
        let daemon = try await system.serve()
        #expect(chmod(system.path, 0o777) == 0)
        let result = try await system.client(SystemAgent.backup, "token", "work")
        #expect(result.status == 4)
        #expect(result.errors.contains("belongs to user \(SystemAgent.agent)"), "\(result.errors)")
        // A line about the closed connection may be present.
        #expect(!system.audit.contains { $0["account"] != nil })
        _ = daemon
    }

    @Test("a socket_group that does not exist or lacks the agent's user is refused with a remedy")
    func wrongGroup() async throws {
        let system = try await SystemAgent()
        try system.configure(Self.rule)
        rmdir(system.path + "/run")
        #expect(chown(system.path, SystemAgent.agent, SystemAgent.agent) == 0)
        let foreign = await (try system.start(SystemAgent.agent, isMember: false, "authagentd", [])).result()
        #expect(foreign.status == 1)
        #expect(foreign.errors.contains("usermod -aG"), "\(foreign.errors)")
        try "socket_group = \"no-such-group\"\n".write(
            toFile: system.path + "/etc/authagent.toml", atomically: false, encoding: .utf8)
        let unknown = await (try system.start(SystemAgent.agent, "authagentd", [])).result()
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("authagent.toml:1: socket_group"), "\(unknown.errors)")
    }
}
