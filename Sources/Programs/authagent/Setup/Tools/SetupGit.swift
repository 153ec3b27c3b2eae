internal import AgentAPI
internal import ArgumentParser
internal import ConfigurationText

struct SetupGit: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "git",
        abstract: "https remotes below the account's urls (~/.gitconfig).",
        discussion: """
            For each URL an empty 'helper =' comes first: git gives a password that works to every helper, and one that \
            stores it would keep the token on the disk.
            """
    )

    @OptionGroup var common: SetupOptions

    /// The ending of git's own lock.
    private static let lock = ".lock"

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let subject = try place.subject()
        let helper = place.find("git-credential-authagent") == nil ? "\(place.program) helper git" : "authagent"
        let urls = try subject.mapped()
        let git = GitProgram(place)
        let sections = try urls.map { url in (url: url, lines: try Self.lines(url, helper, git)) }
        let path = Self.path(place)
        var plan = SetupPlan()
        plan.show(path, sections.flatMap(\.lines))
        // Without --url, what has left the map goes.
        let old = BlockChoice(tool: "git", account: subject.name) { [isAll = common.url.isEmpty] name in
            isAll && !urls.contains { $0.text == name.key }
        }
        plan.changes.append(
            FileChange(path: path, lock: Self.lock) { text in
                var new = try old.removed(from: text)
                for (url, lines) in sections {
                    new = try MarkedBlock(BlockName("git", subject.name, url.text).text, lines).written(to: new)
                }
                for url in urls { try git?.require(helper, for: url, in: new ?? [], path) }
                return new
            })
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        let named = try place.namedURLs()
        let blocks = BlockChoice(tool: "git", account: common.account) { name in
            named.isEmpty || MappedURL(name.key).map { url in named.contains(where: url.isSame) } ?? false
        }
        return [.remove(blocks, from: Self.path(place), lock: Self.lock)]
    }

    /// The file that 'git config --global' writes (git-config(1), FILES).
    private static func path(_ place: SetupPlace) -> String {
        place.path("GIT_CONFIG_GLOBAL") ?? place.first(place.home + "/.gitconfig", place.configuration + "/git/config")
    }

    /// The lines as git itself writes them, or as its manual has them if it is not installed.
    private static func lines(_ url: MappedURL, _ helper: String, _ git: GitProgram?) throws -> [String] {
        if let git { return try git.lines(url, helper) }
        return ["[credential \"\(url.text)\"]", "\thelper =", "\thelper = \(helper)"]
            + (url.hasPath ? ["\tuseHttpPath = true"] : [])
    }
}

/// git config, on copies.
private struct GitProgram {
    private let program: ToolProgram

    init?(_ place: SetupPlace) {
        guard let program = ToolProgram("git", place, variables: ["GIT_CONFIG_NOSYSTEM": "1"]) else { return nil }
        self.program = program
    }

    func lines(_ url: MappedURL, _ helper: String) throws -> [String] {
        let scratch = try ScratchFile(nil)
        var settings = [("helper", ""), ("helper", helper)]
        if url.hasPath { settings.append(("useHttpPath", "true")) }
        for (key, value) in settings {
            try program.succeed(["config", "--file", scratch.path, "--add", "credential.\(url.text).\(key)", value])
        }
        return String(decoding: try scratch.text(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Lets git read the new text: the last two helpers for the URL must be the empty one and ours.
    func require(_ helper: String, for url: MappedURL, in text: [UInt8], _ path: String) throws {
        let scratch = try ScratchFile(text)
        let values = try program.succeed(
            ["config", "--file", scratch.path, "--get-all", "credential.\(url.text).helper"],
            replacing: scratch.path, with: path)
        guard "\n\(values)".hasSuffix("\n\n\(helper)\n") else {
            throw Failure("git does not read the helper of \(url.text) in \(path)", hint: "run 'git config --list'")
        }
    }
}
