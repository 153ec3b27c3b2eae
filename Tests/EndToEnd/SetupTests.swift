import Foundation
import TestSupport
import Testing

/// `authagent setup TOOL` for each tool: written, written again, and taken out again.
@Suite(.timeLimit(.minutes(5)))
struct SetupTests {
    /// A tool with its options, and files that were there before.
    struct Case: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        var before: [String: String] = [:]
        var urls = ["https://git.example.com/team/"]
        /// A part of what is added.
        let adds: String

        var testDescription: String { arguments.joined(separator: " ") + (before.isEmpty ? "" : ", files there") }
    }

    private static let registry = ["https://git.example.com/"]
    private static let role = ["--role-arn", "arn:aws:iam::123456789012:role/dev"]
    private static let mail = ["--host", "mail.example.com", "--user", "me@example.com"]
    private static let audience = ["--audience", "//iam.googleapis.com/projects/1/providers/x"]

    static let cases: [Case] = [
        Case(arguments: ["git"], adds: "useHttpPath = true"),
        Case(
            arguments: ["git"], before: [".gitconfig": "[user]\n\tname = M\u{FC}ller ; \"x\n# no line feed"],
            adds: "[credential \"https://git.example.com/team/\"]"),
        Case(arguments: ["git"], before: ["config/git/config": "[a]\r\n\tb = c\r\n"], adds: "helper = "),
        Case(arguments: ["docker"], urls: registry, adds: "\"git.example.com\": \"authagent\""),
        Case(
            arguments: ["docker"],
            before: [
                ".docker/config.json":
                    "{\n\t\"auths\": {\n\t\t\"x\": {}\n\t},\n\t\"credsStore\": \"pass\",\n\t\"new\": [1]\n}"
            ],
            urls: registry, adds: "\"git.example.com\": \"authagent\""),
        Case(
            arguments: ["podman"], before: ["config/containers/auth.json": "{\"credHelpers\":{\"gcr.io\":\"gcloud\"}}"],
            urls: registry, adds: "\"git.example.com\":\"authagent\""),
        Case(arguments: ["aws"] + role, adds: "credential_process = /"),
        Case(
            arguments: ["aws"] + role + ["--token-file", "/run/user/1/authagent/sink/w"],
            before: [".aws/config": "[default]\nregion = eu-west-1\ns3 =\n  a = b"],
            adds: "web_identity_token_file = /run/user/1/authagent/sink/w"),
        Case(
            arguments: ["aws", "--account-id", "123456789012", "--role", "dev", "--profile", "p"],
            adds: "helper aws work --account-id 123456789012 --role dev"),
        Case(arguments: ["google"] + audience, adds: "\"command\": \"/"),
        Case(
            arguments: ["google", "--token-file", "/x", "--service-account", "a@b.example"] + audience,
            adds: "\"file\": \"/x\""),
        Case(arguments: ["cargo"], adds: "[registry]"),
        Case(
            arguments: ["cargo"],
            before: [
                ".cargo/config.toml":
                    "[net]\nretry = 2\n\n[registry]\ndefault = \"x\"\n\n[registries.x]\nindex = \"sparse+https://x/\"\n"
            ],
            adds: "global-credential-providers = [\"cargo:token\", \"/"),
        Case(arguments: ["cargo"], before: [".cargo/config": "[registry]"], adds: "global-credential-providers"),
        Case(arguments: ["terraform"], adds: "credentials_helper \"authagent\""),
        Case(
            arguments: ["terraform"], before: [".terraformrc": "plugin_cache_dir = \"/c\"\n"],
            adds: "credentials_helper \"authagent\""),
        Case(arguments: ["pip"], adds: "keyring-provider = subprocess"),
        Case(
            arguments: ["pip"],
            before: ["config/pip/pip.conf": "[install]\nx = 1\n[global]\nindex-url = https://a/simple\n  b\n"],
            adds: "keyring-provider = subprocess"),
        Case(arguments: ["uv"], adds: "keyring-provider = \"subprocess\""),
        Case(
            arguments: ["uv"], before: ["config/uv/uv.toml": "[[index]]\nname = \"a\"\n"],
            adds: "keyring-provider = \"subprocess\""),
        Case(arguments: ["npm"], adds: "//git.example.com/team/:_authToken=${AUTHAGENT_TOKEN}"),
        Case(
            arguments: ["pnpm"], before: [".npmrc": "registry=https://a/\n//a/:_authToken=c2VjcmV0"],
            adds: "//git.example.com/team/:tokenHelper=/"),
        Case(arguments: ["mail", "--program", "msmtp"] + mail, adds: "passwordeval \"/"),
        Case(
            arguments: ["mail", "--program", "mutt"], before: [".mutt/muttrc": "set from=a"],
            adds: "set imap_oauth_refresh_command = \"/"),
        Case(arguments: ["mail", "--program", "neomutt"], adds: "set smtp_oauth_refresh_command"),
        Case(arguments: ["mail", "--program", "mbsync"] + mail, adds: "AuthMechs XOAUTH2"),
        Case(
            arguments: ["mcp", "--program", "codex"], before: [".codex/config.toml": "model = \"m\"\n"],
            adds: "bearer_token_env_var = \"AUTHAGENT_TOKEN\""),
    ]

    @Test("written, it is there; written again, nothing changes; undone, every file is as it was", arguments: cases)
    func roundTrip(one: Case) async throws {
        let place = try SetupHome([("work", one.urls)])
        for (name, text) in one.before { try place.file(name, text) }
        let before = try place.contents()

        let printed = try await place.setup(one.arguments)
        #expect(printed.status == 0 && printed.errors == "", "\(printed.errors)")
        #expect(try place.contents() == before)

        let written = try await place.setup(one.arguments + ["--write"])
        #expect(written.status == 0 && written.errors == "", "\(written.errors)")
        let during = try place.contents()
        #expect(during.values.joined().contains(one.adds), "\(during)")
        #expect(written.output.contains("+++ ") && written.output.contains("# wrote "))
        // Of files of others nothing is shown.
        #expect(!written.output.contains("c2VjcmV0"))

        let again = try await place.setup(one.arguments + ["--write"])
        #expect(again.status == 0 && again.output.contains("# nothing to do"), "\(again.output)\(again.errors)")
        #expect(!again.output.contains("+++ ") && again.errors == "")
        #expect(try place.contents() == during)

        // Google's file has the account's name.
        let undo = one.arguments + ["--account", "work", "--undo"]
        let shown = try await place.setup(undo)
        #expect(shown.status == 0 && shown.output.contains("# not written"), "\(shown.output)\(shown.errors)")
        #expect(try place.contents() == during)
        let undone = try await place.setup(undo + ["--write"])
        #expect(undone.status == 0 && undone.errors == "", "\(undone.errors)")
        #expect(try place.contents() == before)
        let over = try await place.setup(undo + ["--write"])
        #expect(over.status == 0 && over.output.contains("# nothing to do"), "\(over.output)\(over.errors)")
    }

    @Test("the tools' own variables name their files")
    func variables() async throws {
        let place = try SetupHome([("work", Self.registry)])
        let cases: [([String], String, String)] = [
            (["git"], "GIT_CONFIG_GLOBAL", "g"), (["docker"], "DOCKER_CONFIG", "d/config.json"),
            (["podman"], "REGISTRY_AUTH_FILE", "r"), (["aws"] + Self.role, "AWS_CONFIG_FILE", "a"),
            (["cargo"], "CARGO_HOME", "c/config.toml"), (["terraform"], "TF_CLI_CONFIG_FILE", "t"),
            (["pip"], "PIP_CONFIG_FILE", "p"), (["uv"], "UV_CONFIG_FILE", "u"), (["npm"], "npm_config_userconfig", "n"),
            (["mcp", "--program", "codex"], "CODEX_HOME", "x/config.toml"),
        ]
        for (arguments, variable, name) in cases {
            let value = "\(place.path)/\(name.split(separator: "/")[0])"
            let result = try await place.setup(arguments + ["--write"], [variable: value])
            #expect(result.status == 0, "\(variable): \(result.errors)")
            #expect(try place.text(name).contains("authagent"), "\(variable)")
        }
    }

    @Test("without a tool, and with --list, each tool has a line")
    func list() async throws {
        let place = try SetupHome()
        let result = try await place.setup()
        #expect(result.status == 0)
        let names = result.lines.compactMap { $0.split(separator: " ").first.map(String.init) }
        for name in ["git", "kubectl", "docker", "aws", "google", "mail", "systemd", "mcp"] {
            #expect(names.contains(name))
        }
        #expect(try await place.setup("--list").output == result.output)
        let unknown = try await place.setup("nonsense")
        #expect(unknown.status == 2 && unknown.errors.contains("there is no tool 'nonsense'"), "\(unknown.errors)")
        #expect(unknown.errors.contains("hint: choose one of: git, kubectl, docker, "))
    }

    @Test("what is not in a file of this user is printed; --write refuses it", arguments: ["prometheus", "azure"])
    func printedOnly(tool: String) async throws {
        let place = try SetupHome()
        let printed = try await place.setup(tool)
        #expect(printed.status == 0 && printed.output.contains("authagent sink add work"))
        let written = try await place.setup(tool, "--write")
        #expect(written.status == 1 && written.output == "")
        #expect(written.errors.contains("error: cannot write the set-up of \(tool)"))
        #expect(try await place.setup(tool, "--undo", "--write").status == 0)
    }

    @Test("without the scope openid a note says that the account gets no ID token, where the tool needs one")
    func identity() async throws {
        let place = try SetupHome([("work", [])], scope: "profile")
        for arguments in [
            ["kubectl", "--id-token"], ["aws"] + Self.role, ["google"] + Self.audience,
        ] {
            let result = try await place.setup(arguments)
            #expect(result.status == 0, "\(result.errors)")
            #expect(
                result.errors.contains("note: this needs an ID token, and 'work' has no scope openid"),
                "\(arguments): \(result.errors)")
            #expect(result.errors.split(separator: "\n").count == 1 && result.errors.contains("'authagent login work'"))
        }
        for arguments in [["kubectl"], ["aws", "--account-id", "123456789012", "--role", "r"]] {
            #expect(try await place.setup(arguments).errors == "")
        }
    }

    @Test("pip's directory of the shim exists, or the command that creates it comes first")
    func shim() async throws {
        let place = try SetupHome()
        for tool in ["pip", "uv"] {
            let result = try await place.setup(tool)
            let steps = result.lines.filter { $0.hasPrefix("# next: ") }.map { String($0.dropFirst(8)) }
            #expect(steps.count == 3, "\(result.output)")
            let link = try #require(steps.first { $0.hasPrefix("mkdir -p ") })
            let path = try #require(steps.first { $0.hasPrefix("export PATH=") }?.split(separator: ",").first)
            let run = try await place.run("/bin/sh", ["-c", "\(link) && \(path) && command -v keyring"])
            #expect(run.output == "\(place.path)/.local/lib/authagent/bin/keyring\n", "\(run.output)\(run.errors)")
            #expect(try await place.setup(tool).lines.count { $0.hasPrefix("# next: ") } == 2)
            try FileManager.default.removeItem(atPath: place.path + "/.local")
        }
    }

    @Test("of several accounts with URLs one must be named; undo takes out those of all, or of one")
    func accounts() async throws {
        let place = try SetupHome([
            ("home", ["https://git.example.org/"]), ("plain", []), ("work", ["https://git.example.com/"]),
        ])
        let unnamed = try await place.setup("git", "--write")
        #expect(unnamed.status == 2)
        #expect(unnamed.errors.contains("several accounts: home, plain, work"), "\(unnamed.errors)")
        for name in ["home", "work"] {
            #expect(try await place.setup("git", "--account", name, "--write").status == 0)
        }
        #expect(
            try place.text(".gitconfig").contains("example.org") && place.text(".gitconfig").contains("example.com"))
        #expect(try await place.setup("git", "--account", "home", "--undo", "--write").status == 0)
        #expect(try !place.text(".gitconfig").contains("example.org"))
        #expect(try await place.setup("git", "--undo", "--write").status == 0)
        #expect(try place.contents() == [:])

        let none = try await place.setup("git", "--account", "plain")
        #expect(none.status == 1 && none.errors.contains("account 'plain' has no urls"))
        #expect(try await place.setup("git", "--account", "ghost").status == 1)
        let other = try await place.setup("git", "--account", "work", "--url", "https://git.example.org/")
        #expect(other.status == 1 && other.errors.contains("does not have the URL"))
    }

    @Test("a program that the tool looks for is named if it is missing, and nothing is written")
    func missingPrograms() async throws {
        let place = try SetupHome([("work", Self.registry)], links: [])
        for tool in ["docker", "cargo"] {
            let result = try await place.setup(tool, "--write")
            #expect(result.status == 1 && result.errors.contains("\(tool)-credential-authagent"), "\(result.errors)")
            #expect(result.errors.contains("hint: run 'ln -s /"))
            #expect(try await place.setup(tool).output.contains("# first: run 'ln -s /"))
        }
        #expect(try place.contents() == [:])
    }
}
