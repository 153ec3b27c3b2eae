internal import AgentAPI
internal import ArgumentParser
internal import ConfigurationText
internal import System

struct SetupNPM: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "npm",
        abstract: "registries of the account's urls (~/.npmrc), with the token in the environment of one command."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let subject = try place.subject()
        let settings = NPMSettings(place)
        var plan = try settings.plan("npm", subject, common, key: "_authToken", value: "${AUTHAGENT_TOKEN}")
        plan.remarks = ["authagent exec \(subject.name) --env AUTHAGENT_TOKEN -- npm install"]
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        [.remove(try NPMSettings.blocks("npm", common, place), from: NPMSettings(place).path)]
    }
}

struct SetupPNPM: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "pnpm",
        abstract: "registries of the account's urls (~/.npmrc), with a token helper.",
        discussion: "pnpm takes the bare path of a program, so that a script with the account's name is written."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let subject = try place.subject()
        let script = Self.script(place, subject.name.description)
        guard script.utf8.allSatisfy(SetupPlace.isPlain) else {
            throw Failure(
                "cannot name \(script) in .npmrc: its path has blanks or quotation marks",
                hint: "set XDG_CONFIG_HOME to a path of letters, digits, '.', '_' and '-'")
        }
        let lines = [
            "#!/bin/sh", Self.mark, "token=$(\(place.program) token \(subject.name)) || exit",
            // Without the scheme pnpm before 10.27 would send the bare token.
            #"printf 'Bearer %s\n' "$token""#,
        ]
        var plan = try NPMSettings(place).plan("pnpm", subject, common, key: "tokenHelper", value: script)
        plan.show(script, lines)
        plan.changes.insert(
            FileChange(path: script, mode: 0o700) { text in
                if let text { try Self.requireOurs(text) }
                return Array((lines.joined(separator: "\n") + "\n").utf8)
            }, at: 0)
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        let settings = NPMSettings(place)
        let wanted = try NPMSettings.blocks("pnpm", common, place)
        let blocks = try settings.blocks().filter { $0.tool == "pnpm" }
        // A script stays as long as one of its account's registries does.
        let staying = blocks.filter { !wanted.includes($0) }.map(\.account)
        let accounts = Set(common.account.map { [$0.description] } ?? blocks.map(\.account)).subtracting(staying)
        let scripts = accounts.sorted().map { Self.script(place, $0) }.filter(place.exists).map { path in
            FileChange(path: path) { text in
                if let text { try Self.requireOurs(text) }
                return nil
            }
        }
        return [.remove(wanted, from: settings.path)] + scripts
    }

    private static let mark = "# written by 'authagent setup pnpm'"

    private static func requireOurs(_ text: [UInt8]) throws {
        guard String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst().first == mark[...] else {
            throw ConfigurationProblem.taken(setting: "another script")
        }
    }

    private static func script(_ place: SetupPlace, _ account: String) -> String {
        place.configuration + "/authagent/pnpm-\(account)"
    }
}

/// The user's .npmrc.
private struct NPMSettings {
    let path: String

    init(_ place: SetupPlace) {
        path =
            place.path("NPM_CONFIG_USERCONFIG") ?? place.path("npm_config_userconfig") ?? place.home + "/.npmrc"
    }

    /// A URL as it is in the file.
    private static func registry(_ url: MappedURL) -> String {
        "//\(url.host)\(url.path.hasSuffix("/") ? url.path : url.path + "/")"
    }

    /// The blocks of a tool, of the account and the URLs that are named.
    static func blocks(_ tool: String, _ options: SetupOptions, _ place: SetupPlace) throws -> BlockChoice {
        let named = try place.namedURLs().map(registry)
        return BlockChoice(tool: tool, account: options.account) { named.isEmpty || named.contains($0.key) }
    }

    /// `tool`: the first word of the blocks' names.
    func plan(
        _ tool: String, _ subject: SetupSubject, _ options: SetupOptions, key: String, value: String
    ) throws -> SetupPlan {
        var registries: [String] = []
        for registry in try subject.mapped().map(Self.registry) where !registries.contains(registry) {
            registries.append(registry)
        }
        let own = BlockChoice(tool: tool, account: subject.name) { [registries] in registries.contains($0.key) }
        // Without --url, what has left the map goes.
        let old = BlockChoice(tool: tool, account: subject.name) { [registries] name in
            options.url.isEmpty && !registries.contains(name.key)
        }
        var plan = SetupPlan()
        plan.show(path, registries.map { "\($0):\(key)=\(value)" })
        plan.changes = [
            FileChange(path: path) { [registries] text in
                var new = try old.removed(from: text)
                let rest = try own.removed(from: new) ?? []
                for line in String(decoding: rest, as: UTF8.self).split(whereSeparator: \.isNewline) {
                    let name = String(line.prefix { $0 != "=" }.filter { $0 != " " && $0 != "\t" })
                    guard !registries.contains(where: { name == "\($0):\(key)" }) else {
                        throw ConfigurationProblem.taken(setting: name)
                    }
                }
                for registry in registries {
                    let block = BlockName(tool, subject.name, registry)
                    new = try MarkedBlock(block.text, ["\(registry):\(key)=\(value)"]).written(to: new)
                }
                return new
            }
        ]
        return plan
    }

    /// The blocks in the file.
    func blocks() throws -> [BlockName] {
        let text: [UInt8]
        do throws(Fault) { text = try EditableFile(path).content ?? [] } catch { throw Failure(error) }
        do throws(ConfigurationProblem) { return try MarkedBlock.names(in: text).compactMap(BlockName.init) } catch {
            throw Failure("cannot change \(path): \(error.reason)", hint: error.hint)
        }
    }
}
