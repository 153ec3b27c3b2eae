import Foundation
import TestSupport
import Testing

/// The daemon's log, as it is shown on a terminal.
@Suite(.timeLimit(.minutes(5)))
struct LogTests {
    @Test(
        "texts of a file reach the log in one line, without control or invisible characters",
        arguments: ["text", "json"])
    func hostileFile(format: String) async throws {
        let home = try AgentHome()
        try home.files.directory("config/authagent/accounts")
        // TOML escapes: a C1 control sequence, a right-to-left override, a next line, a soft hyphen.
        try home.files.file(
            "config/authagent/accounts/work.toml",
            #"issuer = "https://issuer.example"\#nclient_id = "x"\#n"s\u009B31mco\u202E\u0085\u00ADp\u00E9s" = []\#n"#)
        let daemon = try await home.daemon("--log-format", format)
        await eventually("\(daemon.errorsSoFar)") { daemon.errorsSoFar.contains("account file refused") }
        let lines = daemon.errorsSoFar.split(separator: "\n").filter { $0.contains("account file refused") }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        for scalar in line.unicodeScalars {
            let isAllowed = (0x20...0x7E).contains(scalar.value) || scalar == "\u{E9}"
            #expect(isAllowed, "U+\(String(scalar.value, radix: 16)) in \(line.debugDescription)")
        }
        // Quoted, because it contains more than printable ASCII without spaces.
        let problem = format == "json" ? #""problem":""# : #"problem=""#
        #expect(line.contains(problem), "\(line)")
        #expect(line.contains("p\u{E9}s'"), "\(line)")
    }
}
