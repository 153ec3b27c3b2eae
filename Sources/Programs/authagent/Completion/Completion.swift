/// What can follow on a command line: pure, except for the names that `names` reads.
struct Completion {
    /// A word that completes the one at the cursor.
    struct Candidate: Equatable {
        var word: String
        var description = ""
    }

    /// What the shell completes by itself.
    enum Own: String {
        case nothing
        /// Names of files and directories.
        case files = ":files"
        /// A command and its arguments, after `--`.
        case command = ":command"
    }

    var candidates: [Candidate] = []
    var own = Own.nothing

    /// The kinds of names that only this machine knows.
    enum NameKind { case account, provider, store, helper }

    /// `words`: those after the program's name up to the cursor; the last one, which may be empty, is completed.
    init(_ words: [String], in tree: CommandTree, names: (NameKind) -> [Candidate]) {
        var command = tree
        var isHelper = false
        var (position, used): (Int, Set<String>) = (0, [])
        var pending: CommandTree.Argument?
        for word in words.dropLast() {
            if pending != nil {
                pending = nil
            } else if word == "--" {
                if command.commandName == "exec" { own = .command }
                return
            } else if word.hasPrefix("-"), word != "-" {
                let name = String(word.prefix { $0 != "=" })
                used.insert(name)
                if let option = command.option(name), option.kind == .option, name == word { pending = option }
            } else if position == 0, let next = command.subcommand(word) {
                command = next
                isHelper = isHelper || word == "helper"
            } else {
                position += 1
            }
        }
        let current = words.last ?? ""
        if let pending {
            complete(pending, of: command, current, prefix: "", names)
        } else if current.hasPrefix("--"), let end = current.firstIndex(of: "=") {
            guard let option = command.option(String(current[..<end])), option.kind == .option else { return }
            complete(
                option, of: command, String(current[current.index(after: end)...]), prefix: "\(current[...end])", names)
        } else if current.hasPrefix("-") {
            for option in command.options where option.isRepeating || used.isDisjoint(with: option.texts) {
                // Two hyphens first: one name for each option, unless the user types a short one.
                guard let name = option.texts.filter({ $0.hasPrefix(current) }).max(by: { $0.count < $1.count }) else {
                    continue
                }
                candidates.append(Candidate(word: name, description: Self.summary(option.abstract)))
            }
        } else {
            if position == 0 {
                for next in command.visibleSubcommands where next.commandName.hasPrefix(current) {
                    candidates.append(
                        Candidate(word: next.commandName, description: Self.summary(next.abstract)))
                }
                if isHelper, command.commandName == "helper" {
                    let known = Set(candidates.map(\.word))
                    candidates += names(.helper).filter { $0.word.hasPrefix(current) && !known.contains($0.word) }
                }
            }
            let positionals = command.positionals
            let last = positionals.last.map { $0.isRepeating ? $0 : nil } ?? nil
            if let argument = position < positionals.count ? positionals[position] : last {
                complete(argument, of: command, current, prefix: "", names)
            }
        }
    }

    /// Adds the values of an option or an argument.
    private mutating func complete(
        _ argument: CommandTree.Argument, of command: CommandTree, _ current: String, prefix: String,
        _ names: (NameKind) -> [Candidate]
    ) {
        var values = (argument.allValues ?? []).map { Candidate(word: $0) }
        if values.isEmpty, let kind = Self.kind(of: argument, command) { values = names(kind) }
        if values.isEmpty, Self.isFile(argument) { own = .files }
        candidates += values.filter { $0.word.hasPrefix(current) }.map {
            Candidate(word: prefix + $0.word, description: $0.description)
        }
    }

    private static func kind(of argument: CommandTree.Argument, _ command: CommandTree) -> NameKind? {
        if argument.kind == .positional {
            switch (command.commandName, argument.valueName) {
            case (_, "account"), (_, "accounts"), (_, "account|-"): return .account
            case ("providers", "name"): return .provider
            case ("migrate", "target"): return .store
            default: return nil
            }
        }
        if argument.texts.contains("--account") { return .account }
        if argument.texts.contains("--provider") { return .provider }
        return argument.texts.contains("--store") ? .store : nil
    }

    /// Whether the value is the path of a file, by what the help calls it.
    private static func isFile(_ argument: CommandTree.Argument) -> Bool {
        guard let name = argument.valueName else { return false }
        return ["file", "path", "directory", "file|-"].contains(name)
    }

    /// The first sentence, in one line that fits beside a word.
    static func summary(_ text: String?) -> String {
        let sentence = (text ?? "").prefix { $0 != "." && $0 != ";" && $0 != "\n" && $0 != "\t" }
        return sentence.count <= longestSummary ? String(sentence) : sentence.prefix(longestSummary - 1) + "…"
    }

    /// In characters.
    private static let longestSummary = 60

    /// One line for each candidate, a tab before its description, and at the end what the shell completes itself.
    var text: String {
        let lines = candidates.map { $0.description.isEmpty ? $0.word : "\($0.word)\t\($0.description)" }
        return (lines + (own == .nothing ? [] : [own.rawValue])).joined(separator: "\n")
    }
}
