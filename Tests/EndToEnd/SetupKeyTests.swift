import Foundation
import TestSupport
import Testing

/// Several entries of one account: each is what its tool's configuration is keyed by, and has a life of its own.
@Suite(.timeLimit(.minutes(5)))
struct SetupKeyTests {
    /// Two set-ups of one account, and a part of what only each of them writes.
    struct Pair: Sendable, CustomTestStringConvertible {
        let tool: [String]
        let first: [String]
        let second: [String]
        let texts: (String, String)

        var testDescription: String { (tool + second).joined(separator: " ") }
    }

    private static let role = ["--role-arn", "arn:aws:iam::123456789012:role/dev"]
    private static let urls = [
        "https://git.example.com/team/", "https://npm.example.com/", "https://r.example.com/",
    ]

    static let pairs: [Pair] = [
        Pair(
            tool: ["aws"], first: role, second: ["--account-id", "123456789012", "--role", "dev", "--profile", "b"],
            texts: ("[profile work]", "[profile b]")),
        Pair(
            tool: ["aws"], first: role + ["--profile", "new"], second: role + ["--profile", "newer"],
            texts: ("[profile new]", "[profile newer]")),
        Pair(
            tool: ["git"], first: ["--url", urls[0]], second: ["--url", urls[1]],
            texts: ("[credential \"https://git.", "[credential \"https://npm.")),
        Pair(
            tool: ["npm"], first: ["--url", urls[0]], second: ["--url", urls[1]],
            texts: ("//git.example.com/team/:", "//npm.example.com/:")),
        Pair(
            tool: ["pnpm"], first: ["--url", urls[0]], second: ["--url", "https://NPM.example.com:443"],
            texts: ("//git.example.com/team/:", "//npm.example.com/:")),
        Pair(
            tool: ["docker"], first: ["--url", urls[2]], second: ["--url", urls[1]],
            texts: ("\"r.example.com\"", "\"npm.example.com\"")),
        Pair(
            tool: ["mail", "--program", "msmtp"], first: ["--host", "a.example", "--user", "me@a.example"],
            second: ["--host", "b.example", "--user", "me@a.example", "--name", "other"],
            texts: ("host a.example", "host b.example")),
        Pair(
            tool: ["mail", "--program", "mbsync", "--host", "a.example"], first: ["--user", "me"],
            second: ["--user", "you", "--name", "other"], texts: ("User me\n", "User you\n")),
        Pair(
            tool: ["mcp", "--program", "codex"], first: ["--url", urls[0]],
            second: ["--url", urls[1], "--server", "npm"], texts: ("[mcp_servers.work]", "[mcp_servers.npm]")),
    ]

    @Test(
        "two of one account are side by side, in the order of one as of the other, and each goes alone",
        arguments: pairs)
    func sideBySide(pair: Pair) async throws {
        let place = try SetupHome([("work", Self.urls)])
        func set(_ options: [String]) async throws {
            let result = try await place.setup(pair.tool + options + ["--write"])
            #expect(result.status == 0 && result.errors == "", "\(options): \(result.output)\(result.errors)")
        }
        func has(_ text: String) throws -> Bool { try place.contents().values.joined().contains(text) }

        try await set(pair.first)
        let first = try place.contents()
        try await set(pair.second)
        #expect(try has(pair.texts.0) && has(pair.texts.1))
        let both = try place.contents()
        // The same again is nothing new, whichever was the last.
        try await set(pair.first)
        #expect(try place.contents() == both)

        try await set(pair.second + ["--undo"])
        #expect(try place.contents() == first)
        try await set(pair.second)
        try await set(pair.first + ["--undo"])
        #expect(try !has(pair.texts.0) && has(pair.texts.1))
        try await set(pair.first)
        try await set(["--account", "work", "--undo"])
        #expect(try place.contents() == [:])
    }

    @Test("two users of a kubeconfig for one account, and one of a name that another account or program has")
    func kubectl() async throws {
        for path in [["PATH": "/nonexistent"], [:]] {
            let place = try SetupHome([("true", []), ("work", [])])
            if path.isEmpty { _ = try MissingProgram.require("kubectl", package: "kubernetes-client") }
            try place.file(".kube/config", "apiVersion: v1\nkind: Config\nusers:\n- name: authagent-x\n  user: {}\n")
            let before = try place.contents()
            func set(_ arguments: String...) async throws -> ChildProcess.Result {
                try await place.setup(["kubectl"] + arguments + ["--write"], path)
            }
            #expect(try await set("--account", "work").status == 0)
            let one = try place.contents()
            let second = try await set("--account", "work", "--user", "id", "--id-token")
            #expect(second.status == 0, "\(second.errors)")
            // A name that is not text to YAML.
            #expect(try await set("--account", "true").status == 0)
            let text = try place.text(".kube/config")
            for name in ["authagent-work", "authagent-id", "authagent-true"] {
                #expect(text.contains("name: \(name)\n"), "\(text)")
            }
            for arguments in [["--account", "work", "--user", "x"], ["--account", "true", "--user", "authagent-id"]] {
                let taken = try await place.setup(["kubectl"] + arguments + ["--write"], path)
                #expect(taken.status == 1 && taken.errors.contains("it has 'users.authagent-"), "\(taken.errors)")
            }
            #expect(try place.text(".kube/config") == text)
            if let kubectl = try? MissingProgram.require("kubectl", package: "kubernetes-client") {
                let view = try await place.run(
                    kubectl,
                    ["config", "view", "--output=jsonpath={.users[?(@.name==\"authagent-true\")].user.exec.args}"])
                #expect(view.status == 0 && view.output.contains("true"), "\(view.errors)")
            }
            #expect(try await set("--account", "true", "--undo").status == 0)
            #expect(try await set("--account", "work", "--user", "id", "--id-token", "--undo").status == 0)
            #expect(try place.contents() == one)
            #expect(try await set("--undo").status == 0)
            let rest = try place.text(".kube/config")
            #expect(rest.contains("name: authagent-x\n") && !rest.contains("/authagent\n"), "\(rest)")
            // A kubectl that has written the file leaves it in its own form.
            if !path.isEmpty { #expect(try place.contents() == before) }
        }
    }

    @Test("what has left the map goes with the next set-up of all URLs, and not with one of --url")
    func staleURL() async throws {
        let home = try SetupHome([("work", Self.urls)])
        #expect(try await home.setup("git", "--write").status == 0)
        let text = try home.text(".gitconfig")
        let now = try SetupHome([("work", [Self.urls[1]])])
        try now.file(".gitconfig", text)
        #expect(try await now.setup("git", "--url", Self.urls[1], "--write").status == 0)
        #expect(try now.text(".gitconfig") == text)
        #expect(try await now.setup("git", "--write").status == 0)
        #expect(try !now.text(".gitconfig").contains("git.example.com"))
        #expect(try now.text(".gitconfig").contains("npm.example.com"))
        #expect(try await now.setup("git", "--undo", "--write").status == 0)
        #expect(try now.contents() == [:])
    }

    @Test("an entry of the same name with another server or audience is refused, and the way out is named")
    func taken() async throws {
        let place = try SetupHome([("home", ["https://a.example/"]), ("work", Self.urls)])
        let file = ["--file", place.path + "/.mcp.json"]
        let cases: [(first: [String], second: [String], hint: String)] = [
            (
                ["mail", "--program", "msmtp", "--host", "a.example", "--user", "me"],
                ["mail", "--program", "msmtp", "--host", "b.example", "--user", "me"], "--name"
            ),
            (
                ["mail", "--program", "mbsync", "--host", "a.example", "--user", "me"],
                ["mail", "--program", "mbsync", "--host", "a.example", "--user", "you"], "--name"
            ),
            (
                ["google", "--audience", "//iam.googleapis.com/a"], ["google", "--audience", "//iam.googleapis.com/b"],
                "--name"
            ),
            (
                ["mcp", "--program", "claude", "--url", Self.urls[0]] + file,
                ["mcp", "--program", "claude", "--url", Self.urls[1]] + file, "--server"
            ),
            (
                ["mail", "--program", "mutt"], ["mail", "--program", "mutt", "--account", "home"], "without --write"
            ),
        ]
        for one in cases {
            let first = ["--account", "work", "--write"]
            #expect(try await place.setup(one.first + first).status == 0)
            let before = try place.contents()
            let account = one.second.contains("--account") ? [] : ["--account", "work"]
            let second = try await place.setup(one.second + account + ["--write"])
            #expect(second.status == 1 && second.output == "", "\(one.second): \(second.output)")
            #expect(second.errors.contains("hint: ") && second.errors.contains(one.hint), "\(second.errors)")
            #expect(try place.contents() == before)
            #expect(try await place.setup(one.first + first + ["--undo"]).status == 0)
        }
        #expect(try place.contents() == [:])
    }

    @Test("a member that was added to Google's file, and a server of the user's own in Claude Code's, stay")
    func byHand() async throws {
        let place = try SetupHome()
        let google = ["google", "--audience", "//iam.googleapis.com/a", "--write"]
        #expect(try await place.setup(google).status == 0)
        let name = "config/authagent/google-work.json"
        try place.file(name, try place.text(name).replacing("{\n  \"type\"", with: "{\n  \"mine\": 1,\n  \"type\""))
        try place.file(".mcp.json", "{\"mcpServers\": {\"work\": {\"command\": \"/bin/mine\"}}}\n")
        let before = try place.contents()
        let mcp = ["mcp", "--program", "claude", "--file", place.path + "/.mcp.json", "--write"]
        for arguments in [google, google + ["--undo", "--account", "work"], mcp] {
            let result = try await place.setup(arguments)
            #expect(result.status == 1 && result.errors.contains("already"), "\(arguments): \(result.errors)")
        }
        #expect(try await place.setup(mcp + ["--undo"]).status == 0)
        #expect(try place.contents() == before)
    }
}
