import Foundation
import TestSupport
import Testing

/// The log of a real daemon in the real journal.
@Suite(.timeLimit(.minutes(5)))
struct JournalLogTests {
    @Test("decisions and messages are entries with fields, by which the journal finds them")
    func fields() async throws {
        let journal = try await PrivateJournal()
        let rule = "[[rule]]\naccounts = [\"work\"]\nuid = \(getuid())\nallow = [\"token\"]\n"
        try journal.home.files.directory("config/authagent")
        try journal.home.files.file("config/authagent/authagent.toml", rule)
        #expect(try await journal.home.authagent("reload").status == 0)
        #expect(try await journal.home.authagent("token", "work").status != 0)
        try await eventually {
            try await journal.entries("AUTHAGENT_ACCOUNT=work", "AUTHAGENT_PERMISSION=token").count == 1
        }
        let entry = try #require(try await journal.entries("AUTHAGENT_ACCOUNT=work").first)
        #expect(entry["_TRANSPORT"] as? String == "journal")
        #expect(entry["SYSLOG_IDENTIFIER"] as? String == "authagentd")
        #expect(entry["PRIORITY"] as? String == "6")
        #expect(entry["AUTHAGENT_RULE"] as? String == "1")
        #expect(entry["AUTHAGENT_DECISION"] as? String == "allowed")
        #expect(entry["AUTHAGENT_RESULT"] as? String == "unknown_account")
        #expect(entry["AUTHAGENT_CALLER_UID"] as? String == "\(getuid())")
        #expect(entry["MESSAGE_ID"] as? String == "92870702524e4128b987b96b19ad9b8c")
        let message = try #require(entry["MESSAGE"] as? String)
        #expect(message.hasPrefix("decided uid=") && message.contains(" account=work "), "\(message)")
        let started = try await journal.entries("MESSAGE_ID=0e2e2f29cd7d4b1bb9b6d3dad5a10231")
        #expect(started.first?["AUTHAGENT_SOCKET"] as? String == journal.home.socket)
        // Nothing comes twice, by way of standard error.
        #expect(try await journal.entries("_TRANSPORT=stdout").isEmpty)
    }

    @Test("text of a file is one entry and no field of its own, whatever it contains")
    func hostileText() async throws {
        let journal = try await PrivateJournal()
        try journal.home.files.directory("config/authagent/accounts")
        try journal.home.files.file(
            "config/authagent/accounts/work.toml", #""a\nPRIORITY=0\nAUTHAGENT_ACCOUNT=root\n" = 1"# + "\n")
        #expect(try await journal.home.authagent("reload").status == 1)
        try await eventually {
            try await journal.entries("MESSAGE_ID=8e82decaea3342c2994a30d4c7cf2c8e").count == 1
        }
        let entry = try #require(try await journal.entries("MESSAGE_ID=8e82decaea3342c2994a30d4c7cf2c8e").first)
        #expect(entry["PRIORITY"] as? String == "3")
        #expect(try await journal.entries("AUTHAGENT_ACCOUNT=root").isEmpty)
    }

    @Test("a journal that hangs delays no request, and one whose socket is gone gets the lines as text")
    func away() async throws {
        let journal = try await PrivateJournal()
        await journal.stop()
        let curl = try MissingProgram.require("curl", package: "curl")
        let url = "http://localhost/v1/accounts/ghost/token?min_valid=[1-3000]"
        let codes = try await ChildProcess.run(
            curl,
            [
                "-sS", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_code}\n", "--unix-socket",
                journal.home.socket, url,
            ])
        #expect(codes.lines.count == 3000 && codes.status == 0, "\(codes.errors)")
        await journal.resume()
        try await eventually { try await journal.entries("AUTHAGENT_PERMISSION=token").count > 100 }
        await journal.removeSocket()
        #expect(try await journal.home.authagent("token", "other").status != 0)
        try await eventually {
            let lines = try await journal.entries("_TRANSPORT=stdout").compactMap { $0["MESSAGE"] as? String }
            return lines.contains { $0.contains(" info decided ") && $0.contains("account=other") }
        }
    }
}
