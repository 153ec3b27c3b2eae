import AgentAPI
import Configuration
import Foundation
import Policy
import TestSupport
import Testing

/// Reading the machine's list of subordinate user ids.
struct SubordinateUsersFileTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    @Test("the file's text is read; a missing file, or one that is not regular, is empty")
    func text() throws {
        let path = files.path + "/subuid"
        #expect(SubordinateUsersFile.text(of: path) == "")
        try "ann:100000:65536\n".write(toFile: path, atomically: false, encoding: .utf8)
        #expect(SubordinateUsersFile.text(of: path) == "ann:100000:65536\n")
        #expect(SubordinateUsersFile.text(of: files.path) == "")
        // A pipe without a writer must not block.
        let pipe = files.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(SubordinateUsersFile.text(of: pipe) == "")
    }

    @Test("a file beyond the limit is read up to its last whole line")
    func endless() throws {
        let path = files.path + "/subuid"
        let line = "ann:100000:65536\n"
        let count = 2 * SubordinateUsersFile.longest / line.utf8.count
        try String(repeating: line, count: count).write(toFile: path, atomically: false, encoding: .utf8)
        let text = SubordinateUsersFile.text(of: path)
        #expect(text.utf8.count <= SubordinateUsersFile.longest + 64 * 1024)
        #expect(text.hasSuffix("ann:100000:65536"))
        #expect(SubordinateUsersFile.text(of: "/dev/zero") == "")
    }

    @Test("the rules use the subordinate user ids at the time of their loading")
    func settings() throws {
        let names = UserNames(
            user: { _ in nil }, group: { _ in nil },
            subordinates: { SubordinateUsers(parsing: "1001:100000:10") { _ in nil } })
        let paths = try #require(UserPaths(environment: ["HOME": files.path]))
        let settings = try DaemonSettings.load(paths, names: names)
        #expect(settings.accessRules(owner: 1000).counted(100_005) == 1001)
        #expect(settings.accessRules(owner: 1000).counted(100_010) == 100_010)
    }
}
