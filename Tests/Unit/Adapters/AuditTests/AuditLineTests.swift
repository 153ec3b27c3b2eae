import AgentAPI
import Audit
import Foundation
import Policy
import Synchronization
import Testing

struct AuditLineTests {
    static let caller = Caller(
        pid: 4242, user: 1000, group: 1000, executable: "/usr/bin/backup", unit: "backup.service", slice: "system.slice"
    )

    static func record(
        _ caller: Caller = caller, permissions: [Permission] = [.token], account: String? = "work",
        scopes: [String] = [], result: AccessRecord.Result = .allowed, rule: Int? = nil
    ) -> AccessRecord {
        AccessRecord(
            caller: caller, permissions: permissions, account: account.flatMap { AccountName($0) }, scopes: scopes,
            result: result, rule: rule
        )
    }

    private func json(_ record: AccessRecord) throws -> [String: Any] {
        let bytes = AuditLine(record, at: WallTime(seconds: 1_790_000_000, milliseconds: 7)).json
        #expect(bytes.last == UInt8(ascii: "\n"))
        #expect(bytes.filter { $0 < 0x20 }.count == 1)
        return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test("the same decision in the same millisecond is formatted once, any other anew")
    func lastLine() {
        let last = LastLine()
        let formatted = Mutex(0)
        func text(_ record: AccessRecord, _ milliseconds: Int) -> [UInt8] {
            last.bytes(of: AuditLine(record, at: WallTime(seconds: 1, milliseconds: milliseconds))) { line in
                formatted.withLock { $0 += 1 }
                return line.json
            }
        }
        let first = text(Self.record(), 1)
        #expect(text(Self.record(), 1) == first)
        #expect(formatted.withLock { $0 } == 1)
        var other = Self.caller
        other.pid = 1
        for (record, milliseconds) in [
            (Self.record(), 2), (Self.record(other), 2), (Self.record(account: "home"), 2), (Self.record(rule: 1), 2),
            (Self.record(), 2),
        ] {
            #expect(
                text(record, milliseconds)
                    == AuditLine(record, at: WallTime(seconds: 1, milliseconds: milliseconds)).json)
        }
        #expect(formatted.withLock { $0 } == 6)
    }

    @Test("a line has caller, request and outcome")
    func complete() throws {
        let line = AuditLine(
            Self.record(permissions: [.token, .idToken], scopes: ["repo:read", "mail"], rule: 2),
            at: WallTime(seconds: 1_790_000_000, milliseconds: 7))
        #expect(
            String(decoding: line.json, as: UTF8.self) == """
                {"time":"2026-09-21T14:13:20.007Z","uid":1000,"pid":4242,"executable":"/usr/bin/backup",\
                "unit":"backup.service","account":"work","permission":"token id_token","scopes":"repo:read mail",\
                "decision":"allowed","result":"ok","rule":2}

                """)
    }

    @Test("a request for a credential has its name and the unit that the caller claims, cleaned")
    func credential() throws {
        var record = Self.record()
        record.credential = AccessRecord.Credential(unit: "backup.service", name: "api\n{}")
        let line = try json(record)
        #expect(line["credential_unit"] as? String == "backup.service")
        #expect((line["credential"] as? String)?.contains("\n") == false && line["credential"] != nil)
        #expect(try json(Self.record())["credential"] == nil)
    }

    @Test("an executable path without confirmation is written as claimed, never as the executable")
    func claimed() throws {
        var caller = Self.caller
        caller.uncertain = .executable
        let line = try json(Self.record(caller))
        #expect(line["executable"] == nil)
        #expect(line["executable_claimed"] as? String == "/usr/bin/backup")
        #expect(try json(Self.record())["executable_claimed"] == nil)
    }

    @Test("a refusal without a deciding rule has a reason")
    func reason() throws {
        var record = Self.record(permissions: [], account: nil, result: .refused(.forbidden))
        record.reason = "browser"
        #expect(try json(record)["reason"] as? String == "browser")
        #expect(try json(Self.record())["reason"] == nil)
    }

    @Test("a line about a subordinate user ID has the owner's ID too")
    func owner() throws {
        var record = Self.record(Caller(pid: 7, user: 231_072, group: 231_072))
        record.owner = 5503
        let line = AuditLine(record, at: WallTime(seconds: 0))
        #expect(line.fields.prefix(3).map(\.name) == ["uid", "owner_uid", "pid"])
        #expect(try json(record)["uid"] as? Int == 231_072)
        #expect(try json(record)["owner_uid"] as? Int == 5503)
    }

    @Test("unknown values are left out")
    func unknown() throws {
        let line = try json(Self.record(Caller(pid: 0, user: 7, group: 7), permissions: [.admin], account: nil))
        #expect(Set(line.keys) == ["time", "uid", "pid", "permission", "decision", "result"])
    }

    @Test("a refusal and a failure differ, and each has its problem")
    func results() throws {
        let refused = try json(Self.record(result: .refused(.forbidden)))
        #expect(refused["decision"] as? String == "refused")
        #expect(refused["result"] as? String == "forbidden")
        let failed = try json(Self.record(result: .failed(.loginRequired)))
        #expect(failed["decision"] as? String == "allowed")
        #expect(failed["result"] as? String == "login_required")
    }

    @Test(
        "whatever the name of a program or scope, a line is one line of clean JSON",
        arguments: [
            "/tmp/a\n{\"uid\":0}", "/tmp/\u{1B}[31mred", "/tmp/a\\b\"c", "/tmp/\u{202E}gpj.exe", "/tmp/\u{0}nul",
            "/tmp/\u{2028}\u{2029}\u{85}", "\",\"uid\":0,\"x\":\"", "/tmp/" + String(repeating: "x", count: 5000),
            "/tmp/\u{FFFD}\u{FFFF}", "/tmp/é",
        ])
    func hostile(text: String) throws {
        var caller = Self.caller
        caller.executable = text
        caller.unit = text
        caller.userUnit = text
        let line = try json(Self.record(caller, scopes: [text, text]))
        #expect(line["uid"] as? Int == 1000)
        #expect(line.count == 11)
        for name in ["executable", "unit", "user_unit", "scopes"] {
            let value = try #require(line[name] as? String)
            #expect(value.unicodeScalars.count <= 1000)
            for scalar in value.unicodeScalars {
                #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar != "\u{202E}")
            }
        }
    }

    @Test("a scope as long as a token is truncated")
    func tokenAsScope() throws {
        let token = String(repeating: "t0ken", count: 100)
        let scopes = try #require(try json(Self.record(scopes: [token]))["scopes"] as? String)
        #expect(scopes.count <= 128)
    }
}
