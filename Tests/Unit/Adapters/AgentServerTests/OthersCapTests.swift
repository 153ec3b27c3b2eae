import AgentAPI
import AgentServer
import Foundation
import Policy
import Synchronization
import TestSupport
import Testing

/// The cap on connections of all users except the owner and root together.
@Suite(.timeLimit(.minutes(10)))
struct OthersCapTests {
    /// The user of the next connection.
    private final class Users: Sendable {
        let next = Mutex<UInt32>(0)

        func access(owner: UInt32 = 1000, accountable: @escaping @Sendable (UInt32) -> UInt32 = { $0 }) -> Access {
            let rule = AccessRule(
                accounts: [Glob("*")], conditions: [.everyUser], allow: [.token, .status], source: "authagent.toml:1")
            return Access(
                rules: CurrentRules(AccessRules(owner: owner, rules: [rule])), accountable: accountable,
                credentials: { _ in self.caller }, peer: { _ in KnownCaller(self.caller) })
        }

        private var caller: Caller { Caller(pid: 1, user: next.withLock { $0 }, group: 1) }
    }

    private func connect(_ server: ServerFixture, _ users: Users, as user: UInt32) async throws -> (RawClient, Int) {
        users.next.withLock { $0 = user }
        let client = try server.client()
        _ = try await client.sendUntilClosed(Array(Request.get("/v1/health").text.utf8))
        return (client, try await client.reply().status)
    }

    @Test(
        "all users except the owner and root share a cap, and a closed connection frees its place"
    )
    func others() async throws {
        var limits = ServerLimits()
        (limits.connectionsPerUser, limits.connectionsOfOthers) = (2, 3)
        let users = Users()
        try await ServerFixture.serving(limits, access: users.access()) { server in
            var held: [RawClient] = []
            for user in [1, 2, 3] as [UInt32] {
                let (client, status) = try await connect(server, users, as: user)
                #expect(status == 200)
                held.append(client)
            }
            for user in [1, 4] as [UInt32] { #expect(try await connect(server, users, as: user).1 == 429) }
            for user in [1000, 0] as [UInt32] {
                for status in [200, 200, 429] {
                    let (client, got) = try await connect(server, users, as: user)
                    #expect(got == status)
                    held.append(client)
                }
            }
            held[0].close()
            try await eventually { try await connect(server, users, as: 5).1 == 200 }
            #expect(server.lane.warnings.count { $0.contains("connections are refused") } == 2, "once for each cap")
        }
    }

    @Test("the connections of a subordinate user count as its owner's")
    func subordinate() async throws {
        var limits = ServerLimits()
        limits.connectionsPerUser = 2
        let users = Users()
        let access = users.access { $0 >= 100_000 ? 7 : $0 }
        try await ServerFixture.serving(limits, access: access) { server in
            var held: [RawClient] = []
            for (user, status) in [(100_000, 200), (100_001, 200), (100_002, 429), (7, 429), (8, 200)]
                as [(UInt32, Int)]
            {
                let (client, got) = try await connect(server, users, as: user)
                #expect(got == status, "\(user)")
                held.append(client)
            }
        }
    }

    @Test(
        "all caps together leave descriptors free, at two a connection; others have at most half",
        arguments: [1024, 4096, 20_000, 524_288])
    func shares(descriptors: Int) {
        let caps = ConnectionCaps(descriptors: descriptors, ServerLimits())
        #expect(2 * caps.others <= descriptors / 2)
        #expect(caps.perUser <= caps.others)
        #expect(2 * (caps.others + caps.perUser + caps.root + caps.refused) <= descriptors * 7 / 8)
        #expect(caps.perUser >= 64)
    }
}
