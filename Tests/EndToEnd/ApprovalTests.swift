import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `confirm` of a rule, with the real programs.
@Suite(.timeLimit(.minutes(5)))
struct ApprovalTests {
    private static func rule(_ confirm: String, _ hook: String? = nil) -> String {
        (hook.map { "on_confirm = [\"\($0)\"]\n" } ?? "")
            + "[[rule]]\naccounts = [\"work\"]\nuid = \(getuid())\nallow = [\"token\"]\nconfirm = \"\(confirm)\"\n"
    }

    private func loggedIn(_ settings: (DemoLogin) throws -> String) async throws -> DemoLogin {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try demo.home.files.directory("config/authagent")
        try demo.home.files.file("config/authagent/authagent.toml", try settings(demo))
        let reload = try await demo.home.authagent("reload")
        try #require(reload.status == 0, "\(reload.errors)")
        return demo
    }

    private func question(_ demo: DemoLogin) async throws -> Approval {
        var found: Approval?
        try await eventually {
            let list = try await demo.home.authagent("approvals", "--json")
            found = try APIJSON.decode(ApprovalList.self, from: list.output.utf8).approvals.first
            return found != nil
        }
        return try #require(found)
    }

    @Test("a token waits for 'authagent approvals approve', and a denied one exits with 5")
    func answers() async throws {
        let demo = try await loggedIn { _ in Self.rule("each") }
        let waiting = try demo.home.client(["token", "work"])
        let question = try await question(demo)
        #expect(question.user == getuid() && question.pid == waiting.pid)
        let list = try await demo.home.authagent("approvals")
        #expect(list.output.hasPrefix("\(question.id)  work  token  waits for another "), "\(list.output)")
        let approve = try await demo.home.authagent("approvals", "approve", question.id)
        #expect(approve.status == 0 && approve.output == "approved\n")
        let token = await waiting.result()
        #expect(token.status == 0 && !token.output.isEmpty, "\(token.errors)")

        let second = try demo.home.client(["token", "work"])
        let next = try await self.question(demo)
        #expect(next.id != question.id)
        let deny = try await demo.home.authagent("approvals", "deny", next.id, "--json")
        #expect(deny.output == "{\"approved\":false,\"id\":\"\(next.id)\"}\n")
        let denied = await second.result()
        #expect(denied.status == 5 && denied.output.isEmpty)
        #expect(denied.errors.contains("has denied this request"), "\(denied.errors)")
        let late = try await demo.home.authagent("approvals", "approve", next.id)
        #expect(late.status == 1)
        #expect(late.errors.contains("hint: run 'authagent approvals'"), "\(late.errors)")
        await eventually { demo.home.log.contains("confirm=denied") }
        #expect(demo.home.log.contains("confirm=approved"))
        #expect(demo.home.log.contains("answered_by=\"uid \(getuid()), pid "))
    }

    @Test("without an answer the request is forbidden after its wait; a client that leaves withdraws it")
    func noAnswer() async throws {
        let demo = try await loggedIn { _ in Self.rule("each") }
        let result = try await demo.home.authagent("token", "work", "--wait", "1")
        #expect(result.status == 5)
        #expect(result.errors.contains("was not confirmed within 1 s"), "\(result.errors)")
        let leaving = try demo.home.client(["token", "work"])
        _ = try await question(demo)
        leaving.signal(SIGKILL)
        try await eventually {
            try await demo.home.authagent("approvals").output == "no request waits for a confirmation\n"
        }
    }

    @Test("'first' lets a process go on that was approved, and asks for the next process")
    func first() async throws {
        let demo = try await loggedIn { _ in Self.rule("first") }
        let actor = try await SocketActor(demo.home.socket, user: getuid())
        defer { actor.end() }
        async let reply = actor.ask("/v1/accounts/work/token")
        let question = try await question(demo)
        #expect(try await demo.home.authagent("approvals", "approve", question.id).status == 0)
        #expect(await reply.contains("access_token"))
        #expect(await actor.ask("/v1/accounts/work/token").contains("access_token"))
        // Also on another connection of the process.
        await actor.renew()
        #expect(await actor.ask("/v1/accounts/work/token").contains("access_token"))
        let other = try demo.home.client(["token", "work"])
        #expect(try await self.question(demo).pid == other.pid)
        #expect(try await demo.home.authagent("reload").status == 0)
    }

    @Test("on_confirm decides by its exit code, and one that hangs leaves the answer to the command")
    func hook() async throws {
        let demo = try await loggedIn { demo in
            let files = demo.home.files.path
            let hook = try demo.home.files.file(
                "confirm",
                "#!/bin/sh\ncat > \(files)/facts.new; mv \(files)/facts.new \(files)/facts\n"
                    + "code=$(cat \(files)/code)\n[ $code = hang ] && exec sleep 600\nexit $code\n",
                mode: 0o700)
            return Self.rule("each", hook)
        }
        for (code, status) in [("0", 0), ("1", 5)] {
            try demo.home.files.file("code", code)
            #expect(try await demo.home.authagent("token", "work").status == Int32(status))
        }
        let facts = try String(contentsOfFile: demo.home.files.path + "/facts", encoding: .utf8)
        #expect(facts.contains("\"event\":\"confirm\"") && facts.contains("\"permission\":\"token\""))
        try demo.home.files.file("code", "hang")
        let waiting = try demo.home.client(["token", "work"])
        let question = try await question(demo)
        #expect(try await demo.home.authagent("approvals", "approve", question.id).status == 0)
        #expect(await waiting.result().status == 0)
        // The next one is asked at once: the program that hung has ended.
        try demo.home.files.file("code", "0")
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    @Test("another user can neither see nor answer what waits, even with the permission admin")
    func otherUser() async throws {
        let agent = try await RootAgent(
            rules: "[[rule]]\naccounts = [\"*\"]\nuid = \(RootAgent.attacker)\nallow = [\"token\", \"admin\"]\n"
                + "[[rule]]\naccounts = [\"work\"]\nuid = \(RootAgent.neighbour)\nallow = [\"token\"]\n"
                + "confirm = \"each\"\n")
        let actor = try await agent.actor(RootAgent.neighbour)
        defer { actor.end() }
        async let reply = actor.ask(RootAgent.token)
        let question = try await question(agent.demo)
        #expect(question.user == RootAgent.neighbour)
        let refused = try await agent.ask(RootAgent.attacker, "/v1/approvals")
        #expect(refused.contains("\"code\":\"forbidden\"") && !refused.contains(question.id), "\(refused)")
        #expect(try await agent.demo.home.authagent("approvals", "deny", question.id).status == 0)
        #expect(await reply.contains("not_confirmed"))
    }

    @Test("policy check and policy test know the confirmation")
    func policy() async throws {
        let demo = try await loggedIn { _ in
            Self.rule("first") + "[[rule]]\naccounts = [\"*\"]\nuid = \(getuid())\nallow = [\"admin\"]\n"
        }
        let check = try await demo.home.authagent("policy", "check", "--as-pid", "\(getpid())", "work")
        #expect(check.output.contains("once the agent's owner has confirmed the process"), "\(check.output)")
        #expect(check.output.contains("confirm = \"first\""))
        let expected = "[[expect]]\nuid = \(getuid())\naccount = \"work\"\npermission = \"token\"\nresult = \"allow\"\n"
        let file = try demo.home.files.file("expect.toml", expected + "confirm = \"each\"\n")
        let test = try await demo.home.authagent("policy", "test", file)
        #expect(test.status == 1)
        #expect(test.output.contains("confirm = \"first\""), "\(test.output)\(test.errors)")
    }
}
