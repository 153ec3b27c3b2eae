import Policy
import Testing

/// The owners of subordinate user IDs (subuid(5)).
struct SubordinateUsersTests {
    private let numbers: [String: UInt32] = ["alice": 1001, "bob": 1002]

    private func users(_ text: String) -> SubordinateUsers {
        SubordinateUsers(parsing: text) { numbers[$0] }
    }

    @Test("a user ID within a range has its owner, by name or number; the next ID has none")
    func ranges() {
        let users = users("alice:100000:65536\n1002:165536:65536\n")
        #expect(users.owner(of: 99_999) == nil)
        #expect(users.owner(of: 100_000) == 1001)
        #expect(users.owner(of: 165_535) == 1001)
        #expect(users.owner(of: 165_536) == 1002)
        #expect(users.owner(of: 231_071) == 1002)
        #expect(users.owner(of: 231_072) == nil)
        #expect(users.owner(of: 1001) == nil)
        #expect(SubordinateUsers().owner(of: 100_000) == nil)
    }

    @Test("several ranges of one owner, in any order, are all read")
    func severalRanges() {
        let users = users("bob:500000:10\nalice:300000:10\nbob:100000:10\nalice:200000:10")
        #expect([100_000, 200_000, 300_000, 500_000].map { users.owner(of: $0) } == [1002, 1001, 1001, 1002])
    }

    @Test("a user ID in a nested range belongs to the outermost owner")
    func nested() {
        let users = users("alice:100000:10\n100005:200000:10\n200001:300000:10\n")
        #expect(users.owner(of: 200_003) == 1001)
        #expect(users.owner(of: 300_009) == 1001)
    }

    @Test("cyclic ranges end")
    func circle() {
        let users = users("5000:6000:1\n6000:5000:1\n7000:7000:5\n")
        #expect(users.owner(of: 6000) == 5000)
        #expect(users.owner(of: 5000) == 6000)
        #expect(users.owner(of: 7000) == nil)
        #expect(users.owner(of: 7001) == 7000)
    }

    @Test("overlapping ranges: the shared part has one owner, the rest keeps its own")
    func overlap() {
        let users = users("bob:100050:100\nalice:100000:100\nalice:400000:100\nbob:400010:5\nbob:400000:200")
        #expect(users.owner(of: 100_060) == 1001)
        #expect(users.owner(of: 100_100) == 1002)
        #expect(users.owner(of: 100_149) == 1002)
        #expect(users.owner(of: 400_012) == 1001)
        #expect(users.owner(of: 400_150) == 1002)
    }

    @Test("root's ranges are ignored, and root is never subordinate")
    func root() {
        let users = users("root:1000:1\n0:100000:65536\nalice:0:10\n")
        #expect(users.owner(of: 1000) == nil)
        #expect(users.owner(of: 100_001) == nil)
        #expect(users.owner(of: 0) == nil)
        #expect(users.owner(of: 1) == 1001)
    }

    @Test(
        "an unreadable line is skipped without hiding others",
        arguments: [
            "", "#alice:100000:10", "alice", "alice:100000", "alice:100000:10:1", "alice:-1:10", "alice:100000:0",
            "alice: 100000:10", "alice:0x100:10", "alice:4294967295:1", "alice:4294967296:1", "carol:100000:10",
            "alice:100000:99999999999", ":100000:10", "\u{0}:100000:10",
        ]
    )
    func damaged(line: String) {
        let users = users("\(line)\nbob:200000:10\r\n\(line)\n")
        #expect(users.owner(of: 100_000) == nil)
        #expect(users.owner(of: 200_009) == 1002)
        #expect(users.owner(of: .max) == nil)
    }

    @Test("a range up to the last user ID ends there")
    func lastUser() {
        let users = users("alice:4294967290:4294967295\n")
        #expect(users.owner(of: .max - 1) == 1001)
        #expect(users.owner(of: .max) == nil)
    }

    @Test("lines past the limit are ignored, and an owner's name is looked up once")
    func bounded() {
        var lookups = 0
        let lines = (0..<SubordinateUsers.most + 5).map { "alice:\(100_000 + $0 * 10):10" }.joined(separator: "\n")
        let users = SubordinateUsers(parsing: lines) { _ in
            lookups += 1
            return 1001
        }
        let end = UInt32(100_000 + SubordinateUsers.most * 10)
        #expect(lookups == 1)
        #expect(users.owner(of: end - 1) == 1001)
        #expect(users.owner(of: end) == nil)
    }
}
