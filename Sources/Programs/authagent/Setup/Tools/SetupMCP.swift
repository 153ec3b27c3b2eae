internal import AgentAPI
internal import ArgumentParser
internal import ConfigurationText
internal import System

struct SetupMCP: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "language-model tools at MCP servers: Claude Code, Codex.",
        discussion: """
            Claude Code runs the helper for its headers; --file names the .mcp.json of a project. Codex reads the token \
            from its environment.
            """
    )

    @OptionGroup var common: SetupOptions

    @Option(help: "claude or codex; without it both are printed.")
    var program: MCPProgram?

    @Option(help: ArgumentHelp("The name of the server; without it the account's name.", valueName: "name"))
    var server: String?

    @Option(help: ArgumentHelp("The .mcp.json in which the server is written.", valueName: "path"))
    var file: String?

    func validate() throws {
        guard server?.wholeMatch(of: /[A-Za-z0-9_-]{1,64}/) != nil || server == nil else {
            throw ValidationError("--server has letters, digits, '_' and '-'")
        }
        guard file == nil || program == .claude else { throw ValidationError("--file is for --program claude") }
    }

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let subject = try place.subject()
        let urls = try subject.mapped()
        guard let url = urls.first, urls.count == 1 else {
            throw Failure(
                "account '\(subject.name)' has several urls: \(urls.map(\.text).joined(separator: ", "))",
                hint: "choose the server with --url", code: .usage)
        }
        let name = server ?? Self.name(of: subject)
        switch program {
        case .claude: return claude(name, url, place)
        case .codex: return codex(name, url, subject, place)
        case nil:
            var plan = codex(name, url, subject, place)
            plan.parts = claude(name, url, place).parts + plan.parts
            plan.changes = []
            plan.obstacle = .init("the program is not named", hint: "add --program claude or --program codex")
            return plan
        }
    }

    /// An account's name may have characters that a server's cannot.
    private static func name(of subject: SetupSubject) -> String {
        name(of: subject.name.description)
    }

    private static func name(of account: String) -> String {
        String(account.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    }

    private func claude(_ name: String, _ url: MappedURL, _ place: SetupPlace) -> SetupPlan {
        let members = [
            ("type", "http"), ("url", url.text), ("headersHelper", "\(place.program) helper mcp"),
        ]
        var plan = SetupPlan()
        plan.show(
            file.map(absolutePath) ?? ".mcp.json of the project",
            ["{", "  \"mcpServers\": {", "    \"\(name)\": {"]
                + members.enumerated().map { index, member in
                    "      \"\(member.0)\": \"\(member.1)\"" + (index < members.count - 1 ? "," : "")
                } + ["    }", "  }", "}"])
        guard let file else { return plan }
        plan.changes = [
            FileChange(path: absolutePath(file), mode: 0o644) { text in
                var text = text
                if let text { try Self.requireOurs(JSONText(text), name, url, file) }
                for (key, value) in members {
                    let path = ["mcpServers", name, key]
                    text = try text.map { try JSONText($0).setting(path, to: value) } ?? JSONText.new(path, value)
                }
                return text
            }
        ]
        return plan
    }

    /// Refuses to change a server that another set-up, or the user, has written.
    private static func requireOurs(_ document: JSONText, _ name: String, _ url: MappedURL, _ file: String) throws {
        let server = ["mcpServers", name]
        guard document.has(server) else { return }
        guard isOurs(document, name) else { throw ConfigurationProblem.taken(setting: server.joined(separator: ".")) }
        guard document.string(server + ["url"]) == url.text else {
            throw Failure(
                "cannot change \(file): its server '\(name)' has another URL",
                hint: "choose another name with --server, or take that one out first with --undo --write")
        }
    }

    private static func isOurs(_ document: JSONText, _ name: String) -> Bool {
        document.string(["mcpServers", name, "headersHelper"])?.hasSuffix("/authagent helper mcp") == true
    }

    private func codex(_ name: String, _ url: MappedURL, _ subject: SetupSubject, _ place: SetupPlace) -> SetupPlan {
        let section = "mcp_servers.\(name)"
        let lines = ["[\(section)]", "url = \"\(url.text)\"", "bearer_token_env_var = \"AUTHAGENT_TOKEN\""]
        let block = MarkedBlock(BlockName("mcp-codex", subject.name, name).text, lines)
        let path = Self.codexFile(place)
        var plan = SetupPlan()
        plan.show(path, lines)
        plan.show(
            "for a model provider of Codex instead, which runs a program for its token",
            [
                "[model_providers.\(name).auth]", "command = \"\(place.program)\"",
                "args = [\"token\", \"\(subject.name)\"]",
            ])
        plan.remarks = ["authagent exec \(subject.name) --env AUTHAGENT_TOKEN -- codex"]
        plan.changes = [
            FileChange(path: path) { text in
                let rest = try MarkedBlock.removed(from: text ?? []) { $0 == block.name } ?? []
                guard try SettingOutline(rest, .toml).section(section) == nil else {
                    throw ConfigurationProblem.taken(setting: section)
                }
                return try block.written(to: text)
            }
        ]
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        guard program != nil else { throw ValidationError("--program is missing") }
        guard program == .claude else {
            let isOne = !common.url.isEmpty
            let blocks = BlockChoice(tool: "mcp-codex", account: common.account) { [server] name in
                name.key == server ?? (isOne ? Self.name(of: name.account) : name.key)
            }
            return [.remove(blocks, from: Self.codexFile(place))]
        }
        guard let file else {
            throw Failure("the file is not named", hint: "name the .mcp.json with --file", code: .usage)
        }
        // The file does not say which account a server is for.
        let wanted = server ?? common.account.map { Self.name(of: $0.description) }
        let urls = try place.namedURLs()
        return [
            FileChange(path: absolutePath(file)) { text in
                guard let text else { return nil }
                var document = try JSONText(text)
                for name in document.names(["mcpServers"]) where name == wanted ?? name {
                    let url = document.string(["mcpServers", name, "url"]).flatMap(MappedURL.init)
                    guard Self.isOurs(document, name),
                        urls.isEmpty || url.map({ url in urls.contains(where: url.isSame) }) ?? false
                    else { continue }
                    document = try JSONText(document.removing(["mcpServers", name]))
                }
                return document.isEmpty ? nil : document.bytes
            }
        ]
    }

    private static func codexFile(_ place: SetupPlace) -> String {
        (place.path("CODEX_HOME") ?? place.home + "/.codex") + "/config.toml"
    }
}

enum MCPProgram: String, CaseIterable, ExpressibleByArgument {
    case claude
    case codex
}
