import AgentAPI
import AgentServer
import AuthagentClient
import Foundation
import PeerIdentity
import Policy
import TestSupport
import Testing

/// Rules about real processes, whose facts the server collects itself.
@Suite(.timeLimit(.minutes(10)))
struct RealCallerTests {
    private let audit = AccessFixture(facts: .record)

    private func access(_ rules: [AccessRule], owner: UInt32 = 1_000_000) -> Access {
        let (digests, recent) = (ExecutableDigests(), RecentProcesses())
        return Access(
            rules: CurrentRules(AccessRules(owner: owner, rules: rules)), audit: audit,
            peer: { try PeerProcess(socket: $0, digests: digests, recent: recent) },
            process: { PeerProcess(pid: $0, digests: digests) }
        )
    }

    private func rule(_ conditions: AccessRule.Condition..., allow: Set<Permission> = [.token]) -> AccessRule {
        AccessFixture.rule(["work"], conditions, allow: allow)
    }

    private let token = "/v1/accounts/work/token"

    @Test("a connection passed to another process is refused from then on, even if it was served before")
    func reaped() async throws {
        try await ServerFixture.serving(access: access([], owner: getuid())) { server in
            let actor = try await SocketActor(server.socket.text)
            #expect(await actor.ask(token).hasPrefix("200 "))
            await actor.leave()
            let answer = await actor.ask(token)
            #expect(answer.hasPrefix("403 "), "\(answer)")
            #expect(answer.contains("caller_lost"), "\(answer)")
            #expect(audit.records.map(\.result) == [.allowed, .refused(.forbidden)])
            actor.end()
        }
    }

    @Test("a process that exits between connect and request is refused")
    func goneBefore() async throws {
        try await ServerFixture.serving(access: access([], owner: getuid())) { server in
            let actor = try await SocketActor(server.socket.text)
            await actor.leave()
            let answer = await actor.ask(token)
            #expect(answer.hasPrefix("403 "), "\(answer)")
            #expect(server.service.calls.isEmpty)
            actor.end()
        }
    }

    @Test("a program at a rule's path only in its own mount namespace gains nothing, by allow or deny rules")
    func elsewhere() async throws {
        let files = try TemporaryDirectory()
        let program = files.path + "/tool"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        // Root is allowed what no rule decides, hence the last rule.
        let named = [rule(.executable(program)), rule(.everyUser, allow: [])]
        let denied = [rule(.executable(program), allow: []), rule(.everyUser)]
        for (rules, honest) in [(named, "200 "), (denied, "403 ")] {
            // Without any permission, the caller could not connect.
            let other = AccessFixture.rule(["other"], [.everyUser], allow: [.token])
            try await ServerFixture.serving(access: access(rules + [other])) { server in
                let actor = try await SocketActor(server.socket.text, program: program)
                #expect(await actor.ask(token).hasPrefix(honest))
                actor.end()
                let liar = try await SocketActor(
                    server.socket.text, program: program, through: try await OtherPlace.command(hiding: program))
                let answer = await liar.ask(token)
                #expect(answer.hasPrefix("403 "), "\(answer)")
                #expect(!answer.contains("caller_lost"), "\(answer)")
                liar.end()
            }
        }
    }

    @Test("a process that executes a rule's program after it has connected is refused")
    func exec() async throws {
        // The test's user has no permission without a rule, unless it is root.
        let path = (try BuildProducts.path("socket-actor") as NSString).resolvingSymlinksInPath
        try await ServerFixture.serving(
            access: access([
                rule(.executable("/bin/sleep")), rule(.executable("/usr/bin/sleep")), rule(.executable(path)),
            ])
        ) { server in
            let honest = try await SocketActor(server.socket.text)
            #expect(await honest.ask(token).hasPrefix("200 "))
            honest.end()
            let actor = try await SocketActor(server.socket.text)
            // The agent notes the program at accept(2), so wait for the first answer.
            #expect(await actor.ask(token).hasPrefix("200 "))
            await actor.become("/bin/sleep")
            let answer = await actor.ask(token)
            #expect(answer.hasPrefix("403 "), "\(answer)")
            #expect(answer.contains("caller_lost"), "\(answer)")
            kill(actor.pid, SIGKILL)
            actor.end()
        }
    }

    @Test("a rule by SHA-256 matches the program that runs")
    func digest() async throws {
        let path = try BuildProducts.path("socket-actor")
        let sum = try await ChildProcess.run("/usr/bin/sha256sum", [path]).output.prefix { $0 != " " }
        let wrong = String(repeating: "0", count: 64)
        for (digest, status) in [(String(sum), "200 "), (wrong, "403 ")] {
            // Root is allowed everything that no rule refuses.
            let last = AccessFixture.rule(["work"], [.everyUser], allow: [])
            try await ServerFixture.serving(access: access([rule(.executableDigest(digest)), last])) { server in
                let actor = try await SocketActor(server.socket.text)
                let answer = await actor.ask(token)
                #expect(answer.hasPrefix(status), "\(answer)")
                actor.end()
            }
        }
    }

    @Test("a rule by primary or supplementary group gives another user its account, and no other")
    func groups() async throws {
        try #require(getuid() == 0, "this test becomes other users, which only root can")
        try await ServerFixture.serving(access: access([rule(.group(4242, name: "x"))])) { server in
            for path in [server.files.path, server.socket.directory] { #expect(chmod(path, 0o755) == 0) }
            #expect(chmod(server.socket.text, 0o666) == 0)
            for (group, others) in [(4242, []), (7, [9, 4242])] as [(UInt32, [UInt32])] {
                let actor = try await SocketActor(server.socket.text, user: 65_534, group: group, groups: others)
                #expect(await actor.ask(token).hasPrefix("200 "))
                #expect(await actor.ask("/v1/accounts/other/token").hasPrefix("403 "))
                actor.end()
            }
            let stranger = try await SocketActor(server.socket.text, user: 65_534, group: 7, groups: [9])
            let answer = await stranger.ask(token)
            #expect(answer.hasPrefix("403 ") || answer == "closed", "\(answer)")
            stranger.end()
            let calls = server.service.calls.count
            #expect(calls == 2)
            #expect(audit.records.last?.result == .refused(.forbidden))
            #expect(audit.records.last?.caller.user == 65_534)
        }
    }

    @Test("a recorded caller has its program in the record")
    func recorded() async throws {
        try await ServerFixture.serving(access: access([], owner: getuid())) { server in
            let actor = try await SocketActor(server.socket.text)
            _ = await actor.ask(token)
            let record = try #require(audit.records.first)
            #expect(record.caller.pid == actor.pid)
            #expect(record.caller.executable?.hasSuffix("/socket-actor") == true)
            #expect(record.caller.slice != nil)
            actor.end()
        }
    }
}
