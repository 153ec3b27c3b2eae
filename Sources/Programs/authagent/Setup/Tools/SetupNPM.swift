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
        var plan = try NPMSettings(place).plan("npm", subject, key: "_authToken", value: "${AUTHAGENT_TOKEN}")
        plan.remarks = ["authagent exec \(subject.name) --env AUTHAGENT_TOKEN -- npm install"]
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        [.remove("npm", account: common.account?.description, from: NPMSettings(place).path)]
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
        let lines = [
            "#!/bin/sh", Self.mark, "token=$(\(place.program) token \(subject.name)) || exit",
            // Without the scheme pnpm before 10.27 would send the bare token.
            #"printf 'Bearer %s\n' "$token""#,
        ]
        var plan = try NPMSettings(place).plan("pnpm", subject, key: "tokenHelper", value: script)
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
        let accounts = try common.account.map { [$0.description] } ?? settings.accounts("pnpm")
        let scripts = accounts.map { Self.script(place, $0) }.filter(place.exists).map { path in
            FileChange(path: path) { text in
                if let text { try Self.requireOurs(text) }
                return nil
            }
        }
        return [.remove("pnpm", account: common.account?.description, from: settings.path)] + scripts
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

    /// `tool`: the name of the block.
    func plan(_ tool: String, _ subject: SetupSubject, key: String, value: String) throws -> SetupPlan {
        let names = try subject.mapped().map {
            "//\($0.host)\($0.path.hasSuffix("/") ? $0.path : $0.path + "/"):\(key)"
        }
        let block = MarkedBlock("\(tool) \(subject.name)", names.map { "\($0)=\(value)" })
        var plan = SetupPlan()
        plan.show(path, names.map { "\($0)=\(value)" })
        plan.changes = [
            FileChange(path: path) { text in
                let rest = try MarkedBlock.removed(from: text ?? []) { $0 == block.name } ?? []
                for line in String(decoding: rest, as: UTF8.self).split(whereSeparator: \.isNewline) {
                    let name = line.prefix { $0 != "=" }.filter { $0 != " " && $0 != "\t" }
                    if names.contains(String(name)) { throw ConfigurationProblem.taken(setting: String(name)) }
                }
                return try block.written(to: text)
            }
        ]
        return plan
    }

    /// The accounts that have a block.
    func accounts(_ tool: String) throws -> [String] {
        let text: [UInt8]
        do throws(Fault) { text = try EditableFile(path).content ?? [] } catch { throw Failure(error) }
        return try MarkedBlock.names(in: text).filter { $0.hasPrefix(tool + " ") }.map {
            String($0.dropFirst(tool.count + 1))
        }
    }
}
