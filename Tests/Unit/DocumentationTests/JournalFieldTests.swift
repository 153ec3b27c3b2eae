import Foundation
import TestSupport
import Testing

/// The identifiers of messages in the journal, compared with authagentd(8) and with the messages.
struct JournalFieldTests {
    private static func source(_ path: String) throws -> String {
        try String(contentsOfFile: Repository.path(path), encoding: .utf8)
    }

    @Test("each message with an identifier is in the manual, and in the code")
    func identifiers() throws {
        let table = try Self.source("Sources/Programs/authagentd/Log/MessageID.swift")
        let known = table.matches(of: /"([a-z ]+)": "([0-9a-f]{32})"/).map { [String($0.2), String($0.1)] }
        try #require(known.count > 10)
        #expect(Set(known.map { $0[0] }).count == known.count, "an identifier is there twice")
        let listed = try Self.source("man/authagentd.8").matches(of: /(?m)^([0-9a-f]{32})  ([a-z ]+)$/)
            .map { [String($0.1), String($0.2)] }
        #expect(Set(known) == Set(listed))
        var literals = ""
        let files = try #require(FileManager.default.enumerator(atPath: Repository.path("Sources")))
        for case let path as String in files
        where path.hasSuffix(".swift") && !path.hasSuffix("MessageID.swift") {
            literals += try Self.source("Sources/" + path)
        }
        for message in known.map({ $0[1] }) { #expect(literals.contains("\"\(message)\""), "\(message)") }
    }
}
