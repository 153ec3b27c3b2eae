import Foundation
import TestSupport
import Testing

/// Files that `authagent setup` leaves as they are.
@Suite(.timeLimit(.minutes(5)))
struct SetupRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let file: String
        let text: String
        let error: String

        var testDescription: String { "\(arguments[0]): \(error)" }
    }

    private static let role = ["--role-arn", "arn:aws:iam::123456789012:role/dev"]

    static let cases: [Case] = [
        Case(arguments: ["git"], file: ".gitconfig", text: "[user\n", error: "bad config line 1 in file"),
        Case(
            arguments: ["git"], file: ".gitconfig", text: "# authagent begin git work 12345678\n",
            error: "the authagent marker in line 1"),
        Case(
            arguments: ["docker"], file: ".docker/config.json", text: "{\"auths\": {},}",
            error: "line 1 is not understood"),
        Case(
            arguments: ["docker"], file: ".docker/config.json", text: "{\"a\": 1, \"a\": 2}",
            error: "line 1 is not understood"),
        Case(
            arguments: ["docker"], file: ".docker/config.json",
            text: "{\"credHelpers\": {\"git.example.com\": \"other\"}}",
            error: "it has 'credHelpers.git.example.com' already"),
        Case(
            arguments: ["docker"], file: ".docker/config.json",
            text: "{\"auths\": {\"https://git.example.com/v1/\": {\"auth\": \"c2VjcmV0\"}}}",
            error: "would hide 'auths.https://git.example.com/v1/'"),
        Case(
            arguments: ["docker"], file: ".docker/config.json",
            text: "{\"auths\": {\"git.example.com\": {}}, \"credsStore\": \"pass\"}",
            error: "would hide 'auths.git.example.com'"),
        Case(
            arguments: ["podman"], file: "config/containers/auth.json",
            text: "{\"auths\": {\"git.example.com/team\": {\"auth\": \"c2VjcmV0\"}}}",
            error: "would hide 'auths.git.example.com/team'"),
        Case(
            arguments: ["aws"] + role, file: ".aws/config", text: "[profile work]\nregion = x\n",
            error: "it has '[profile work]' already"),
        Case(arguments: ["aws"] + role, file: ".aws/config", text: "[open\n", error: "line 1 is not understood"),
        Case(
            arguments: ["cargo"], file: ".cargo/config.toml",
            text: "registry.global-credential-providers = [\"cargo:libsecret\"]\n",
            error: "it has 'registry.global-credential-providers' already"),
        Case(
            arguments: ["cargo"], file: ".cargo/config.toml", text: "registry = { default = \"x\" }\n",
            error: "it has 'registry.global-credential-providers' already"),
        Case(arguments: ["cargo"], file: ".cargo/config.toml", text: "a = \"\"\"\n", error: "line 1 is not understood"),
        Case(
            arguments: ["terraform"], file: ".terraformrc", text: "  credentials_helper \"x\" {}\n",
            error: "it has 'credentials_helper' already"),
        Case(
            arguments: ["pip"], file: "config/pip/pip.conf", text: "[global]\nkeyring-provider = import\n",
            error: "it has 'global.keyring-provider' already"),
        Case(
            arguments: ["uv"], file: "config/uv/uv.toml", text: "keyring-provider = \"disabled\"\n",
            error: "it has 'keyring-provider' already"),
        Case(
            arguments: ["npm"], file: ".npmrc", text: "//git.example.com/team/:_authToken = c2VjcmV0\n",
            error: "it has '//git.example.com/team/:_authToken' already"),
        Case(
            arguments: ["pnpm"], file: "config/authagent/pnpm-work", text: "#!/bin/sh\n",
            error: "it has 'another script' already"),
        Case(
            arguments: ["mcp", "--program", "codex"], file: ".codex/config.toml",
            text: "[mcp_servers.work]\nurl = \"x\"\n",
            error: "it has 'mcp_servers.work' already"),
    ]

    @Test("a file that is not understood, or has the setting already, stays as it is", arguments: cases)
    func refused(one: Case) async throws {
        let isRegistry = ["docker", "podman"].contains(one.arguments[0])
        let place = try SetupHome([("work", ["https://git.example.com/" + (isRegistry ? "" : "team/")])])
        try place.file(one.file, one.text)
        let before = try place.contents()
        let result = try await place.setup(one.arguments + ["--write"])
        #expect(result.status == 1 && result.output == "", "\(result.output)\(result.errors)")
        #expect(result.errors.contains(one.error) && result.errors.contains(one.file), "\(result.errors)")
        #expect(result.errors.contains("authagent: hint: ") && !result.errors.contains("c2VjcmV0"))
        #expect(try place.contents() == before)
    }

    @Test("a file that others can write to, a link to another user's place, and a lock of git are refused")
    func unsafe() async throws {
        let place = try SetupHome()
        try place.file(".gitconfig", "[a]\n", mode: 0o666)
        let loose = try await place.setup("git", "--write")
        #expect(loose.status == 1 && loose.errors.contains("others can write to it"), "\(loose.errors)")
        #expect(loose.errors.contains("hint: run 'chmod go-w "))
        try place.file(".gitconfig", "[a]\n")
        try place.file(".gitconfig.lock", "")
        let locked = try await place.setup("git", "--write")
        #expect(locked.status == 1 && locked.errors.contains("another program is changing it"), "\(locked.errors)")
        #expect(try place.text(".gitconfig") == "[a]\n")
    }

    @Test("a line added to the block by another program is not lost: the block stays, and the file is named")
    func changedBlock() async throws {
        let place = try SetupHome()
        #expect(try await place.setup("git", "--write").status == 0)
        let git = try MissingProgram.require("git", package: "git")
        let key = "credential.https://git.example.com/team/.username"
        #expect(try await place.run(git, ["config", "--global", key, "me"]).status == 0)
        let before = try place.contents()
        for arguments in [["git", "--write"], ["git", "--undo", "--write"]] {
            let result = try await place.setup(arguments)
            #expect(result.status == 1 && result.errors.contains("were changed"), "\(result.output)\(result.errors)")
            #expect(try place.contents() == before)
        }
    }

    @Test("control characters of a file are not sent to the terminal")
    func controlCharacters() async throws {
        let place = try SetupHome([("work", ["https://git.example.com/"])])
        try place.file(".docker/config.json", "{\"\u{1B}[2J\": \"\u{9B}2J\"}".replacing("\u{1B}", with: "\u{85}"))
        let result = try await place.setup("docker", "--write")
        #expect(!(result.output + result.errors).unicodeScalars.contains { $0.value == 0x85 || $0.value == 0x9B })
    }

    @Test("a URL, a role or an address with a line feed, a blank or a quotation mark is refused: exit code 2")
    func arguments() async throws {
        let place = try SetupHome()
        for arguments in [
            ["aws", "--role-arn", "a\nb"], ["aws", "--account-id", "1", "--role", "x"],
            ["aws"] + Self.role + ["--role", "x"],
            ["aws"] + Self.role + ["--profile", "a]"], ["google", "--audience", "a\"b"], ["google"],
            ["mail", "--program", "msmtp", "--user", "a b"], ["mail", "--program", "pine"],
            ["systemd", "--unit", "../x.service"], ["systemd", "--unit", "a.service", "--credential", "a b"],
            ["mcp", "--server", "a.b"], ["git", "--account", "../x"], ["git", "--role", "x"],
        ] {
            let result = try await place.setup(arguments + ["--write"])
            #expect(result.status == 2, "\(arguments): \(result.output)\(result.errors)")
        }
        let hostile = try SetupHome([
            ("work", ["https://a/\n[core]\npager = x", "https://u@b/", "ftp://c/", "https://d/\""])
        ])
        let result = try await hostile.setup("git", "--write")
        #expect(result.status == 1 && result.errors.contains("has no urls"), "\(result.output)\(result.errors)")
        #expect(try place.contents() == [:])
        #expect(try hostile.contents() == [:])
    }

    @Test("a path with blanks and quotation marks is quoted for the shell, or refused")
    func strangeHome() async throws {
        let place = try SetupHome()
        let variables = ["XDG_CONFIG_HOME": place.path + "/it's a home"]
        let google = try await place.setup(["google", "--audience", "//iam.googleapis.com/a", "--write"], variables)
        #expect(google.status == 0, "\(google.errors)")
        #expect(google.output.contains("=" + #"'\#(place.path)/it'\''s a home/authagent/google-work.json'"#))
        let before = try place.contents()
        let pnpm = try await place.setup(["pnpm", "--write"], variables)
        #expect(pnpm.status == 1 && pnpm.errors.contains("blanks or quotation marks"), "\(pnpm.errors)")
        #expect(try place.contents() == before)
        #expect(try await place.setup(["git", "--write"], ["HOME": ""]).status == 1)
    }

    @Test("undo needs no agent: the account may be gone")
    func noAgent() async throws {
        let place = try SetupHome()
        #expect(try await place.setup("git", "--write").status == 0)
        let undone = try await place.setup(["git", "--undo", "--write"], ["AUTHAGENT_SOCK": "/dev/null/agent.sock"])
        #expect(undone.status == 0, "\(undone.errors)")
        #expect(try place.contents() == [:])
    }
}
