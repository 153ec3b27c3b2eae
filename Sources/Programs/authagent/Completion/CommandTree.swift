internal import AgentAPI
internal import ArgumentParser

/// A subcommand with its options and arguments, as the argument parser describes them.
struct CommandTree: Decodable {
    let commandName: String
    let abstract: String?
    let shouldDisplay: Bool
    private let subcommands: [CommandTree]?
    private let arguments: [Argument]?

    /// An option, a flag or a positional argument.
    struct Argument: Decodable {
        enum Kind: String, Decodable { case positional, option, flag }

        struct Name: Decodable {
            let kind: String
            let name: String

            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        let kind: Kind
        let shouldDisplay: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let allValues: [String]?
        let abstract: String?

        /// With their hyphens; empty for a positional argument.
        var texts: [String] { (names ?? []).map(\.text) }
    }

    var visibleSubcommands: [CommandTree] { (subcommands ?? []).filter(\.shouldDisplay) }
    /// In their order.
    var positionals: [Argument] { (arguments ?? []).filter { $0.kind == .positional && $0.shouldDisplay } }
    var options: [Argument] { (arguments ?? []).filter { $0.kind != .positional && $0.shouldDisplay } }

    func subcommand(_ name: String) -> CommandTree? { (subcommands ?? []).first { $0.commandName == name } }

    func option(_ text: String) -> Argument? {
        (arguments ?? []).first { $0.kind != .positional && $0.texts.contains(text) }
    }

    private struct Dump: Decodable { let command: CommandTree }

    /// This program's commands; `nil` if the argument parser describes them in another form than this one.
    static var own: CommandTree? { try? APIJSON.decode(Dump.self, from: AuthagentCommand._dumpHelp().utf8).command }
}
