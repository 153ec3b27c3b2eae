internal import AgentAPI
internal import Formats
internal import OAuth
public import Policy

/// One decision as a line of text. Caller-controlled values are cleaned and truncated, so that no value can forge a
/// second line.
public struct AuditLine: Equatable, Sendable {
    public enum Value: Equatable, Sendable {
        case number(Int)
        case text(String)
    }

    private enum Content: Equatable {
        case decision(AccessRecord)
        case suppressed(RefusedLines.Suppressed)
    }

    private let content: Content
    public let time: WallTime

    public init(_ record: AccessRecord, at time: WallTime) {
        content = .decision(record)
        self.time = time
    }

    /// Creates the summary line for refusals without a line of their own.
    init(_ suppressed: RefusedLines.Suppressed, at time: WallTime) {
        content = .suppressed(suppressed)
        self.time = time
    }

    public var isRefusal: Bool {
        switch content {
        case .decision(let record): if case .refused = record.result { true } else { false }
        case .suppressed: true
        }
    }

    /// Whether the request would change state, as opposed to a read.
    public var isChange: Bool {
        guard case .decision(let record) = content else { return false }
        return record.permissions.contains { [.login, .logout, .admin].contains($0) }
    }

    /// Fields in the order: caller, request, outcome. Unknown values are left out.
    public var fields: [(name: String, value: Value)] {
        switch content {
        case .decision(let record): return Self.fields(record)
        case .suppressed(let suppressed):
            let user = suppressed.user.map { (name: "uid", value: Value.number(Int($0))) }
            let rest = [("decision", Value.text("refused")), ("suppressed", .number(suppressed.count))]
            return (user.map { [$0] } ?? []) + rest.map { (name: $0, value: $1) }
        }
    }

    private static func fields(_ record: AccessRecord) -> [(name: String, value: Value)] {
        let caller = record.caller
        var fields: [(name: String, value: Value)] = [
            ("uid", .number(Int(caller.user))), ("pid", .number(Int(caller.pid))),
        ]
        if let owner = record.owner { fields.insert(("owner_uid", .number(Int(owner))), at: 1) }
        func add(_ name: String, _ text: String?, limit: Int = longestName) {
            let clean = text.map { DisplayText.clean($0, limit: limit) }
            if let clean, !clean.isEmpty { fields.append((name, .text(clean))) }
        }
        add("executable", caller.confirmedExecutable, limit: 1000)
        add("executable_claimed", caller.claimedExecutable, limit: 1000)
        add("unit", caller.unit)
        add("user_unit", caller.userUnit)
        add("account", record.account?.description)
        // Without a permission, the caller was refused at connect(2).
        add(
            "permission",
            record.permissions.isEmpty ? "connect" : record.permissions.map(\.rawValue).joined(separator: " "))
        let scopes = record.scopes.map { DisplayText.clean($0, limit: longestScope) }
        add("scopes", scopes.joined(separator: " "), limit: 1000)
        let types = record.authorizationTypes.map { DisplayText.clean($0, limit: longestScope) }
        add("authorization_types", types.joined(separator: " "), limit: 1000)
        add("aws_role", record.awsRole?.text)
        add("credential_unit", record.credential?.unit)
        add("credential", record.credential?.name)
        let (decision, result) =
            switch record.result {
            case .allowed: ("allowed", "ok")
            case .failed(let code): ("allowed", code.rawValue)
            case .refused(let code): ("refused", code.rawValue)
            }
        add("decision", decision)
        add("result", result)
        add("reason", record.reason)
        if let rule = record.rule { fields.append(("rule", .number(rule))) }
        add("confirm", record.confirmation?.result)
        add("answered_by", record.confirmation?.answeredBy)
        return fields
    }

    private static let longestName = 256
    /// Longer than real scopes, but shorter than most tokens, so that a token passed as a scope is truncated.
    private static let longestScope = 128

    /// One JSON object, terminated by a line break.
    public var json: [UInt8] {
        var line = Array(#"{"time":""#.utf8) + time.text.utf8
        line.append(UInt8(ascii: "\""))
        for (name, value) in fields {
            line += #",""#.utf8
            line += name.utf8
            line += #"":"#.utf8
            switch value {
            case .number(let number): line += "\(number)".utf8
            case .text(let text): Self.append(text, to: &line)
            }
        }
        line += "}\n".utf8
        return line
    }

    /// Control characters have been removed already.
    private static func append(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { line.append(UInt8(ascii: "\\")) }
            line.append(byte)
        }
        line.append(UInt8(ascii: "\""))
    }
}
