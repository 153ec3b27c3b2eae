internal import AgentAPI
internal import ConfigurationText

/// The name of a block: the tool, the account, and that by which the tool's configuration is keyed, such as a profile.
///
/// Two keys of one account have a block each, so that neither set-up replaces the other.
struct BlockName: Equatable {
    let tool: String
    let account: String
    /// One word.
    let key: String

    init(_ tool: String, _ account: AccountName, _ key: String) {
        (self.tool, self.account, self.key) = (tool, account.description, key)
    }

    /// `nil` for the block of a tool without accounts.
    init?(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        (tool, account, key) = (words[0], words[1], words[2])
    }

    var text: String { "\(tool) \(account) \(key)" }
}

/// The blocks of a tool that are taken out.
struct BlockChoice {
    let tool: String
    /// `nil`: of all accounts.
    let account: AccountName?
    /// Whether the block is among them, if tool and account are right.
    var hasKey: (BlockName) -> Bool = { _ in true }

    func includes(_ name: BlockName) -> Bool {
        name.tool == tool && (account.map { $0.description == name.account } ?? true) && hasKey(name)
    }

    /// Returns the text without them; `nil` if the file was created for them.
    func removed(from text: [UInt8]?) throws(ConfigurationProblem) -> [UInt8]? {
        guard let text else { return nil }
        return try MarkedBlock.removed(from: text) { BlockName($0).map(includes) ?? false }
    }
}
