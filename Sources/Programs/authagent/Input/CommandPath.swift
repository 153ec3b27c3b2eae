internal import AgentAPI
internal import ArgumentParser

/// The names at the start of a command line that the argument parser has refused.
struct CommandPath {
    /// The names of known subcommands, as `sink add`; `nil` if there is none.
    let command: String?
    /// The failure of a name that the last of them does not have; `nil` if it has none to choose from.
    let unknownName: Failure?

    init(_ arguments: some Sequence<String>) {
        var known: [String] = []
        var last: any ParsableCommand.Type = AuthagentCommand.self
        var unknown: String?
        for argument in arguments {
            guard let next = last.configuration.subcommands.first(where: { $0.names.contains(argument) }) else {
                if !argument.hasPrefix("-") { unknown = argument }
                break
            }
            known.append(argument)
            last = next
        }
        command = known.isEmpty ? nil : known.joined(separator: " ")
        let names = command == "helper" ? Helper.names : last.configuration.subcommands.map { $0._commandName }
        let kind =
            switch command {
            case "helper": "helper"
            case "setup": "tool"
            default: "command"
            }
        unknownName = unknown.flatMap { name in
            names.isEmpty
                ? nil
                : Failure(
                    "there is no \(kind) '\(name)'", hint: "choose one of: \(names.joined(separator: ", "))",
                    code: .usage)
        }
    }
}

extension ParsableCommand {
    fileprivate static var names: [String] { [_commandName] + configuration.aliases }
}
