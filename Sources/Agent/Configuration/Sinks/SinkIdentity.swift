public import AgentAPI

/// Whose token a sink's file holds, and for which readers. A declaration with another one must not take over the file:
/// if its own token did not come, the earlier one would stay.
public struct SinkIdentity: Equatable, Sendable {
    public let account: AccountName
    public let what: SinkContentKind
    let mode: UInt32
    let group: UInt32?
    /// The scopes and the audience, in hexadecimal; `-` for the login's own token.
    let target: String

    init(_ sink: SinkSettings) {
        (account, what, mode, group) = (sink.account, sink.what, sink.mode, sink.group?.id)
        target =
            sink.target.map { target in
                // Neither a scope nor an audience has a control character.
                Self.hexadecimal(target.scopes.joined(separator: " ") + "\n" + (target.audience ?? ""))
            } ?? "-"
    }

    /// One word, for a record.
    public var text: String {
        "\(account),\(what.rawValue),\(String(mode, radix: 8)),\(group.map { "\($0)" } ?? "-"),\(target)"
    }

    /// Parses what `text` returns.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ",")
        guard parts.count == 5, let account = AccountName(String(parts[0])),
            let what = SinkContentKind(rawValue: String(parts[1])), let mode = UInt32(parts[2], radix: 8)
        else { return nil }
        (self.account, self.what, self.mode) = (account, what, mode)
        (group, target) = (UInt32(parts[3]), String(parts[4]))
    }

    private static func hexadecimal(_ text: String) -> String {
        text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
