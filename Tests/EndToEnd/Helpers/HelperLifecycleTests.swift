import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Helpers with the real agent, an issuer, and git.
@Suite(.timeLimit(.minutes(5)))
struct HelperLifecycleTests {
    private static let host = "protocol=https\nhost=git.example.com\n"

    /// Logs in, gives the account these lines, and makes helpers callable by the names that tools look for.
    private func demo(
        _ accounts: [String: String], scopes: [String] = []
    ) async throws -> DemoLogin {
        let demo = try await DemoLogin(scopes: scopes)
        for (name, lines) in accounts {
            try await demo.logIn(name)
            let file = "\(demo.home.accountFiles)/\(name).toml"
            let settings = try String(contentsOfFile: file, encoding: .utf8)
            try "\(lines)\n\(settings)".write(toFile: file, atomically: false, encoding: .utf8)
        }
        let reload = try await demo.home.authagent("reload")
        try #require(reload.status == 0, "\(reload.errors)")
        try demo.home.files.directory("bin")
        for name in HelperAgent.links {
            try FileManager.default.createSymbolicLink(
                atPath: "\(demo.home.files.path)/bin/\(name)", withDestinationPath: demo.home.program("authagent"))
        }
        return demo
    }

    private func git(_ demo: DemoLogin, _ operation: String, _ input: String) async throws -> ChildProcess.Result {
        var environment = demo.home.environment
        environment["PATH"] = "\(demo.home.files.path)/bin:" + (environment["PATH"] ?? "")
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        environment["GIT_TERMINAL_PROMPT"] = "0"
        return try await ChildProcess.run(
            try MissingProgram.require("git", package: "git"), ["credential", operation], environment: environment,
            input: input + "\n")
    }

    private func password(_ result: ChildProcess.Result) -> String? {
        result.lines.first { $0.hasPrefix("password=") }.map { String($0.dropFirst("password=".count)) }
    }

    @Test("git gets the account's token, another one after it has refused the first, and quits without a login")
    func git() async throws {
        let demo = try await demo(["work": "urls = [\"https://git.example.com/\"]"])
        try demo.home.files.file(
            ".gitconfig", "[credential \"https://git.example.com\"]\n\thelper =\n\thelper = authagent\n")
        let first = try await git(demo, "fill", Self.host)
        let token = try await demo.home.authagent("token", "work").lines.first
        #expect(password(first) == token && first.errors == "", "\(first.errors)")
        #expect(first.lines.contains("username=oauth2"))
        #expect(try await git(demo, "approve", first.output).errors == "")
        #expect(try await git(demo, "reject", first.output).errors == "")
        let second = try await git(demo, "fill", Self.host)
        #expect(password(second) != nil && password(second) != token)
        #expect(demo.issuer.refreshCount == 1)
        // An old token, and one of another host, are not the account's.
        #expect(try await git(demo, "reject", first.output).errors == "")
        #expect(try await password(git(demo, "fill", Self.host)) == password(second))

        try await demo.home.authagent("logout", "work")
        let refused = try await git(demo, "fill", Self.host)
        #expect(refused.status != 0 && refused.output == "")
        #expect(refused.errors.contains("authagent: error: no login for 'work': run '"), "\(refused.errors)")
        #expect(refused.errors.contains("quit"))
        let proxy = try await demo.home.authagent("helper", "git", "get", input: "protocol=http\nhost=proxy:3128\n")
        #expect(proxy.status == 0 && proxy.output == "" && proxy.errors == "", "\(proxy.errors)")
        let other = try await git(demo, "fill", "protocol=https\nhost=other.example\n")
        #expect(other.status != 0 && !other.errors.contains("authagent"), "\(other.errors)")
    }

    @Test("git's cache beside the helper does not give a token out that the agent has replaced")
    func cache() async throws {
        let demo = try await demo(["work": "urls = [\"https://git.example.com/\"]"])
        let socket = try demo.home.files.directory("cache") + "/socket"
        try demo.home.files.file(
            ".gitconfig",
            "[credential]\n\thelper = cache --timeout=900 --socket=\(socket)\n"
                + "[credential \"https://git.example.com\"]\n\thelper = authagent\n")
        let first = try await git(demo, "fill", Self.host)
        #expect(try await git(demo, "approve", first.output).errors == "")
        try await demo.home.authagent("token", "work", "--renew")
        let second = try await git(demo, "fill", Self.host)
        #expect(password(first) != nil && password(second) != nil && password(second) != password(first))
        _ = try await ChildProcess.run(
            try MissingProgram.require("git", package: "git"), ["credential-cache", "--socket=\(socket)", "exit"],
            environment: demo.home.environment)
    }

    @Test("of two accounts with a URL git's user name selects one; without it git quits, and both are named")
    func users() async throws {
        let demo = try await demo([
            "one": "urls = [\"https://git.example.com/\"]\ngit_username = \"anna\"",
            "two": "urls = [\"https://git.example.com/\"]\ngit_username = \"bert\"",
        ])
        func fill(_ more: String) async throws -> ChildProcess.Result {
            try await demo.home.authagent("helper", "git", "get", input: Self.host + more)
        }
        for (user, account) in [("anna", "one"), ("bert", "two")] {
            let result = try await fill("username=\(user)\n")
            let token = try await demo.home.authagent("token", account).lines.first
            #expect(password(result) == token && result.lines.contains("username=\(user)"), "\(result.errors)")
        }
        let neither = try await fill("")
        #expect(neither.output == "quit=1\n" && neither.status == 1)
        #expect(neither.errors.contains("one") && neither.errors.contains("two"), "\(neither.errors)")
        let other = try await fill("username=carl\n")
        #expect(other.output == "" && other.errors == "" && other.status == 0)
    }

    @Test("each of the other helpers gives the account's token, by its name or by its URL")
    func others() async throws {
        let demo = try await demo(
            ["work": "urls = [\"https://git.example.com/\", \"https://registry.example.com/\"]"], scopes: ["openid"])
        let token = try #require(try await demo.home.authagent("token", "work").lines.first)
        let cargo = #"{"v":1,"registry":{"index-url":"sparse+https://registry.example.com/x/"},"kind":"get"}"#
        for (arguments, input) in [
            (["kubectl", "work"], ""), (["docker", "get"], "registry.example.com"),
            (["generic", "get"], #"{"uri":"https://git.example.com/x?y"}"#), (["cargo", "--cargo-plugin"], cargo),
            (["go"], ""), (["go", "https://git.example.com/x/@v/list"], "HTTP/1.1 404 Not Found\n\n"),
            (["terraform", "get", "git.example.com"], ""), (["keyring", "get", "git.example.com"], ""),
            (["mcp", "work"], ""),
        ] {
            let result = try await demo.home.authagent(["helper"] + arguments, input: input)
            #expect(result.status == 0 && result.errors == "", "\(arguments): \(result.errors)")
            #expect(result.output.contains(token), "\(arguments): \(result.output)")
        }
        let identity = try #require(try await demo.home.authagent("token", "work", "--id-token").lines.first)
        for arguments in [["kubectl", "work", "--id-token"], ["google", "work"]] {
            let result = try await demo.home.authagent(["helper"] + arguments)
            #expect(result.output.contains(identity) && result.errors == "", "\(arguments): \(result.output)")
        }
        let list = try await demo.home.authagent("helper", "docker", "list", input: "unused")
        #expect(list.output == #"{"https://git.example.com":"oauth2","https://registry.example.com":"oauth2"}"# + "\n")
    }

    @Test("a helper starts the agent if it is not running, and is as silent then")
    func start() async throws {
        let demo = try await demo(["work": "urls = [\"https://git.example.com/\"]"])
        try await demo.home.authagent("stop")
        await eventually { demo.home.daemonPID == nil }
        let result = try await demo.home.authagent(
            "helper", "git", "get", input: "protocol=https\nhost=other.example\n")
        #expect(result.status == 0 && result.output == "" && result.errors == "", "\(result.errors)")
        #expect(demo.home.daemonPID != nil)
    }
}
