import AgentAPI
import Audit
import Foundation
import Policy
import Synchronization
import TestSupport
import Testing

/// The lines about endless refusals.
@Suite(.timeLimit(.minutes(10)))
struct RefusedLinesTests {
    private let files: TemporaryDirectory
    private let path: String
    private let clock = Clock()
    private let log = LogKeeper()
    private let logged = Logged()
    private let trail: AuditTrail

    private final class Clock: Sendable {
        let now = Mutex(ContinuousClock.now)
        func pass(_ duration: Duration) { now.withLock { $0 += duration } }
    }

    private final class Logged: Sendable {
        let lines = Mutex<[AuditLine]>([])
        var count: Int { lines.withLock { $0.count } }
    }

    init() throws {
        files = try TemporaryDirectory()
        path = files.path + "/audit.log"
        trail = AuditTrail(owner: 1000, logger: log.logger, now: { [clock] in clock.now.withLock { $0 } }) {
            [logged] line in logged.lines.withLock { $0.append(line) }
        }
        try trail.open(path)
    }

    private func refuse(_ user: UInt32, _ count: Int = 1, code: AccessRecord.Result = .refused(.forbidden)) {
        for _ in 0..<count {
            trail.record(AuditLineTests.record(Caller(pid: 7, user: user, group: user), result: code))
        }
    }

    private func lines() throws -> [[String: Any]] {
        trail.flush(within: .seconds(20))
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private func suppressed(_ lines: [[String: Any]]) -> [[String: Int]] {
        lines.filter { $0["suppressed"] != nil }.map { $0.compactMapValues { $0 as? Int } }
    }

    @Test("refusals of another user get sixty lines a minute, then one line with their number")
    func bounded() throws {
        refuse(1001, 3000)
        refuse(1001, 1000, code: .refused(.tooManyRequests))
        #expect(logged.count == 60)
        clock.pass(.seconds(61))
        refuse(1001, 100)
        let lines = try lines()
        #expect(lines.filter { $0["pid"] != nil }.count == 120)
        #expect(suppressed(lines) == [["uid": 1001, "suppressed": 3940], ["uid": 1001, "suppressed": 40]])
        #expect(lines.last?["decision"] as? String == "refused")
        // The log has the same.
        #expect(logged.count == lines.count)
    }

    @Test("refusals of one user use up neither another user's lines nor those of allowed requests")
    func apart() throws {
        refuse(1001, 1000)
        refuse(1002, 10)
        for _ in 0..<100 { trail.record(AuditLineTests.record(Caller(pid: 8, user: 1001, group: 1))) }
        let lines = try lines()
        #expect(lines.filter { $0["uid"] as? Int == 1002 }.count == 10)
        #expect(lines.filter { $0["decision"] as? String == "allowed" }.count == 100)
    }

    @Test("every refusal of the agent's own user and of root has its line")
    func own() throws {
        refuse(1000, 200)
        refuse(0, 200)
        #expect(try lines().count == 400)
    }

    @Test("unidentified callers are counted, and reported at the end of the agent at the latest")
    func unseen() throws {
        for _ in 0..<5 { trail.suppress(1001, countedAs: 1001) }
        trail.suppress(1000, countedAs: 1000)
        #expect(suppressed(try lines()) == [["uid": 1001, "suppressed": 5]])
        #expect(suppressed(try lines()).count == 1)
        // The summary does not reset the minute's limit.
        refuse(1001, 200)
        #expect(try lines().filter { $0["pid"] != nil }.count == 60)
    }

    @Test("suppressed refusals are reported after their minute, with the next refusal")
    func toldWithNext() {
        trail.suppress(1001, countedAs: 1001)
        clock.pass(.seconds(61))
        refuse(1002)
        #expect(logged.count == 2)
    }

    @Test("suppressed refusals are reported after their minute, without a further refusal")
    func toldByItself() async {
        refuse(1001)
        clock.pass(.milliseconds(59_950))
        trail.suppress(1001, countedAs: 1001)
        #expect(logged.count == 1)
        // The timer waits for the rest of the minute, then reads the clock again.
        clock.pass(.seconds(1))
        await eventually { logged.count == 2 }
    }

    @Test("many user IDs of one person share the table's limit, and cannot grow it")
    func manyUsers() throws {
        for user in 0..<1000 as Range<UInt32> { refuse(100_000 + user, 100) }
        let lines = try lines()
        #expect(lines.filter { $0["pid"] != nil }.count == 65 * 60)
        let told = suppressed(lines)
        #expect(told.count == 65)
        #expect(told.reduce(0) { $0 + ($1["suppressed"] ?? 0) } == 100_000 - 65 * 60)
        #expect(told.last?["uid"] == nil)
    }

    @Test("refusals of subordinate user IDs count against their owner")
    func subordinates() {
        for user in 100_000..<100_200 as Range<UInt32> {
            var record = AuditLineTests.record(
                Caller(pid: 7, user: user, group: user), result: .refused(.forbidden))
            record.owner = 1001
            trail.record(record)
        }
        #expect(logged.count == 60)
        refuse(1002)
        #expect(logged.count == 61)
    }
}
