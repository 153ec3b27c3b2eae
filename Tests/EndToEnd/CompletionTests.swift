import Foundation
import TestSupport
import Testing

/// What a shell offers at a Tab, by the script that it has read.
@Suite(.timeLimit(.minutes(5)))
struct CompletionTests {
    private let home: AgentHome
    private let path: String

    /// A user and a machine with accounts, and with files that are none.
    init() throws {
        home = try AgentHome()
        for name in ["config/authagent", "config/authagent/accounts", "etc", "etc/accounts", "work"] {
            try home.files.directory(name)
        }
        for name in [
            "work.toml", "me@play.toml", "--json.toml", "$(touch a).toml", "a b.toml", "a;b.toml", "\u{1B}[1m.toml",
            ".toml", "x.txt",
        ] {
            try Data().write(to: URL(filePath: home.accountFiles + "/" + name))
        }
        try Data().write(to: URL(filePath: home.files.path + "/etc/accounts/machine.toml"))
        for name in ["file-a", "file-b"] {
            try Data().write(to: URL(filePath: home.files.path + "/work/" + name))
        }
        path = (try home.program("authagent") as NSString).deletingLastPathComponent
    }

    private var environment: [String: String] {
        var environment = home.environment
        environment["PATH"] = path + ":" + (environment["PATH"] ?? "")
        environment["TERM"] = "dumb"
        return environment
    }

    /// The words that the client offers.
    private func offers(_ words: String...) async throws -> [String] {
        let result = try await home.authagent(["completion", "--words"] + words)
        #expect(result.status == 0, "\(result.errors)")
        return result.lines.map { String($0.prefix { $0 != "\t" }) }
    }

    private func run(_ shell: String, _ arguments: String...) async throws -> ChildProcess.Result {
        let program = try MissingProgram.require(shell, package: shell)
        return try await ChildProcess.run(program, arguments, environment: environment)
    }

    @Test("subcommands, options, accounts, providers, stores and files are offered where they can stand")
    func words() async throws {
        #expect(try await offers("to") == ["token"])
        #expect(try await offers("").contains("status"))
        #expect(try await offers("store", "m") == ["migrate"])
        #expect(try await offers("token", "") == ["machine", "me@play", "work"])
        #expect(try await offers("token", "--header", "w") == ["work"])
        #expect(try await offers("token", "work", "") == [])
        #expect(try await offers("logout", "work", "m") == ["machine", "me@play"])
        #expect(try await offers("token", "--he") == ["--header", "--help"])
        #expect(try await offers("token", "--header", "--he") == ["--help"])
        #expect(try await offers("setup", "git", "--account", "wo") == ["work"])
        #expect(try await offers("setup", "git", "--account=wo") == ["--account=work"])
        #expect(try await offers("login", "new", "--store", "") == ["keyring", "sealed", "memory"])
        #expect(try await offers("store", "migrate", "s") == ["sealed"])
        #expect(try await offers("login", "--provider", "github") == ["github"])
        #expect(try await offers("providers", "gith") == ["github"])
        #expect(try await offers("helper", "ku") == ["kubectl"])
        #expect(try await offers("store", "init", "--key-file", "x") == [":files"])
        #expect(try await offers("exec", "work", "--", "l") == [":command"])
        #expect(try await offers("token", "--", "wo") == [])
        #expect(try await offers("completion", "z") == ["zsh"])
        #expect(try await offers("no-such-command", "--no-such-option", "") == [])
        #expect(home.daemonPID == nil)
        #expect(!FileManager.default.fileExists(atPath: home.files.path + "/state/authagent"))
    }

    @Test("bash completes names with the characters at which it splits words")
    func bash() async throws {
        // As readline calls it, with the words that bash has made of the line.
        let script = """
            eval "$(authagent completion bash)"
            compopt() { echo "compopt $*"; }
            complete_words() {
                COMP_LINE=$1 COMP_POINT=${#1}
                shift
                COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
                _authagent authagent
                echo "${COMPREPLY[*]}"
            }
            complete_words 'authagent tok' authagent tok
            complete_words 'authagent token m' authagent token m
            complete_words 'authagent  token me@p' authagent token me @ p
            complete_words 'authagent login n --store=k' authagent login n --store = k
            complete_words 'authagent setup git --account ' authagent setup git --account ''
            complete_words 'authagent store init --key-file f' authagent store init --key-file f
            """
        let result = try await run("bash", "--norc", "-c", script)
        #expect(result.errors == "")
        #expect(
            result.lines
                == [
                    "token", "machine me@play", "play", "keyring", "machine me@play work", "compopt -o default", "",
                ].filter { !$0.isEmpty })
    }

    @Test("fish completes words with their descriptions, files and the command of 'exec'")
    func fish() async throws {
        let lines = [
            "authagent token me@", "authagent stor", "authagent store init --key-file \(home.files.path)/work/f",
            "authagent exec work -- authagent token wo",
        ]
        let script = "authagent completion fish | source\n" + lines.map { "complete -C '\($0)'\n" }.joined()
        let result = try await run("fish", "--no-config", "-c", script)
        #expect(
            result.lines.map { $0.replacing(home.files.path, with: "") } == [
                "me@play", "store\tShow, create and change the stores of logins", "/work/file-a", "/work/file-b",
                "work",
            ], "\(result.errors)")
    }

    @Test("a Tab in zsh completes an account's name", arguments: ["source", "fpath"])
    func zsh(way: String) async throws {
        let zsh = try MissingProgram.require("zsh", package: "zsh")
        try await home.authagent("completion", "zsh").output.write(
            toFile: home.files.path + "/work/_authagent", atomically: true, encoding: .utf8)
        let terminal = try PseudoTerminal(zsh, ["-f", "-i"], environment: environment)
        let place = home.files.path + "/work"
        terminal.type("PS1='ready''> '; fpath=(\(way == "fpath" ? place : "") $fpath)\n")
        await terminal.shows("ready> ")
        terminal.type("autoload -Uz compinit && compinit -u -D\n")
        if way == "source" { terminal.type("source \(place)/_authagent\n") }
        // Not the client: only what it would be called with.
        terminal.type("authagent() { print -r -- ran: $@ }; echo load''ed\n")
        await terminal.shows("loaded")
        terminal.type("authagent token me@\t--head\t\n")
        await terminal.shows("ran: token me@play --header")
        terminal.type("authagent exec work -- authagent login n --store=k\t\n")
        await terminal.shows("ran: exec work -- authagent login n --store=keyring")
        terminal.type("exit\n")
        _ = await terminal.result()
    }
}
