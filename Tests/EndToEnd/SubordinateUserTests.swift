import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A user with subordinate user IDs (subuid(5)). These tests need root.
@Suite(.timeLimit(.minutes(10)))
struct SubordinateUserTests {
    private static let first: UInt32 = 231_072
    private static let unlisted: UInt32 = 431_072
    private static let perMinute = 3

    /// How many of these users get a token in one concurrent request each, and the most that the rate permits in that
    /// time.
    private func served(_ system: SystemAgent, _ users: [UInt32]) async throws -> (served: Int, most: Int) {
        let start = ContinuousClock.now
        let clients = try users.map { try system.start($0, "authagent", ["token", "work"]) }
        var count = 0
        for client in clients {
            let result = await client.result()
            if result.status == 0 {
                count += 1
            } else {
                #expect(result.errors.contains("more requests than the rules allow"), "\(result.errors)")
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return (count, Self.perMinute + Int((seconds * Double(Self.perMinute) / 60).rounded(.up)))
    }

    @Test(
        "forty subordinate user IDs share their owner's rate, and the audit names the owner")
    func rate() async throws {
        let system = try await SystemAgent()
        try system.configure(
            "[[rule]]\naccounts = [\"*\"]\nuid = 0\nallow = [\"token\", \"status\", \"login\", \"admin\"]\n"
                + "[[rule]]\naccounts = [\"work\"]\ngroup = \"\(system.group.name)\"\nallow = [\"token\"]\n"
                + "max_per_minute = \(Self.perMinute)\n")
        let issuer = try await DemoIssuer.start(DemoIssuer.Configuration())
        let daemon = try await system.serve(subordinates: "\(SystemAgent.backup):\(Self.first):65536\n")
        try await system.logIn("work", issuer)

        let mine = (0..<40 as Range<UInt32>).map { Self.first + $0 }
        let own = try await served(system, [SystemAgent.backup] + mine)
        #expect((1...own.most).contains(own.served))
        // Users without an entry and without an owner share another rate.
        let others = try await served(system, (0..<10 as Range<UInt32>).map { Self.unlisted + $0 })
        #expect((1...others.most).contains(others.served))

        await eventually { system.audit.contains { ($0["uid"] as? Int ?? 0) >= Int(Self.unlisted) } }
        let lines = system.audit.filter { ($0["uid"] as? Int ?? 0) >= Int(Self.first) }
        let subordinate = lines.filter { ($0["uid"] as? Int ?? 0) < Int(Self.unlisted) }
        #expect(subordinate.count >= 30)
        for line in lines {
            let isMine = (line["uid"] as? Int ?? 0) < Int(Self.unlisted)
            #expect(line["owner_uid"] as? Int == (isMine ? Int(SystemAgent.backup) : nil), "\(line)")
        }
        #expect(daemon.errorsSoFar.contains("owner_uid=\(SystemAgent.backup)"))
    }

    @Test("ranges are read again with the rules, and their owners may be names")
    func reload() async throws {
        let system = try await SystemAgent()
        try system.configure(
            "[[rule]]\naccounts = [\"work\"]\nuser = \"*\"\nallow = [\"status\"]\nmax_per_minute = 1000\n")
        let daemon = try await system.serve(subordinates: "# none\n")
        _ = try await system.client(Self.first, "status")
        await eventually { system.audit.contains { $0["uid"] as? Int == Int(Self.first) } }
        #expect(system.audit.allSatisfy { $0["owner_uid"] == nil })
        // Written in place, because this file is bind-mounted over /etc/subuid.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: system.path + "/etc/subuid"))
        try file.write(contentsOf: Data("daemon:\(Self.first):65536\n".utf8))
        try file.close()
        kill(daemon.pid, SIGHUP)
        try await eventually {
            _ = try await system.client(Self.first, "status")
            return system.audit.contains { $0["owner_uid"] as? Int == 1 }
        }
    }
}
