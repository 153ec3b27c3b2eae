import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Mistakes of users and configuration management: an error with the remedy, an exit code, no loss.
@Suite(.timeLimit(.minutes(5)))
struct BadInputTests {
    @Test(
        "an unknown account is named, with the command that creates it",
        arguments: ["token", "logout", "login"])
    func unknownAccount(command: String) async throws {
        let home = try AgentHome()
        let result = try await home.authagent(command, "nobody")
        #expect(result.status == 1)
        #expect(result.errors.contains("authagent: error: there is no account 'nobody'\n"), "\(result.errors)")
        #expect(result.errors.contains("authagent: hint: run 'authagent login nobody --issuer URL --client-id ID'\n"))
    }

    @Test("a login without a client id, or without an issuer, names what is missing")
    func missingSettings() async throws {
        let home = try AgentHome()
        let noClient = try await home.authagent(
            "login", "work", "--device-endpoint", "https://i.example/d", "--token-endpoint", "https://i.example/t")
        #expect(noClient.status == 1)
        #expect(noClient.errors.contains("'work' has no client id"))
        #expect(noClient.errors.contains("--client-id ID"))
        let noIssuer = try await home.authagent("login", "work", "--client-id", "tv")
        #expect(noIssuer.status == 1)
        #expect(noIssuer.errors.contains("--issuer URL"), "\(noIssuer.errors)")
        let noRealm = try await home.authagent(
            "login", "work", "--provider", "keycloak", "--host", "sso.example", "--client-id", "tv")
        #expect(noRealm.status == 1)
        #expect(noRealm.errors.contains("authagent: hint: give --realm, the realm's name"), "\(noRealm.errors)")
    }

    @Test("T1: plain http to another machine is refused before anything is sent")
    func httpIssuer() async throws {
        let home = try AgentHome()
        let result = try await home.authagent("login", "work", "--issuer", "http://issuer.example", "--client-id", "x")
        #expect(result.status == 1)
        #expect(result.errors.contains("it uses plain http to 'issuer.example'"))
        #expect(result.errors.contains("authagent: hint: give an https URL"))
    }

    @Test(
        "an invalid command line is exit code 2, one line and a hint",
        arguments: [
            ["token"], ["token", "work", "--min-valid", "-1"], ["token", "work", "--json", "--header"], ["logout"],
            ["logout", "work", "--all"], ["login", "../x"], ["frobnicate"], ["login", "w", "--store", "plaintext"],
            ["status", "--nonsense"],
        ])
    func usage(arguments: [String]) async throws {
        let home = try AgentHome()
        let result = try await home.client(arguments).result()
        #expect(result.status == 2)
        #expect(result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 2, "\(result.errors)")
        #expect(lines.first?.hasPrefix("authagent: error: ") == true)
        #expect(lines.last?.hasPrefix("authagent: hint: ") == true)
        #expect(home.daemonPID == nil, "a usage error needs no agent")
    }

    @Test(
        "an unknown name of a command, helper or tool is named, with those that there are",
        arguments: [
            (["frobnicate"], "there is no command 'frobnicate'", "login, token,"),
            (["helper", "frobnicate", "get"], "there is no helper 'frobnicate'", "git, kubectl, docker, aws"),
            (["setup", "frobnicate", "--write"], "there is no tool 'frobnicate'", "git, kubectl, docker, podman"),
            (["sink", "ad", "work"], "there is no command 'ad'", "add, list, remove"),
            (["store", "x\u{1B}[2J"], "there is no command 'x [2J'", "init, "),
        ])
    func unknownName(arguments: [String], error: String, choices: String) async throws {
        let result = try await AgentHome().client(arguments).result()
        #expect(result.status == 2 && result.output.isEmpty)
        #expect(result.errors.contains("error: \(error)\n"), "\(result.errors)")
        #expect(result.errors.contains("hint: choose one of: ") && result.errors.contains(choices), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 2)
    }

    @Test(
        "100 KB where a name or a URL belongs is one clear error",
        arguments: [
            ["helper", "go"], ["helper", "keyring", "get"], ["helper", "terraform", "get"], ["helper", "mcp"],
            ["helper", "kubectl"], ["helper", "google"], ["helper", "sasl"], ["token"], ["url"],
            ["url", "x", "--username"],
            ["sink", "add"], ["status"], ["login"],
        ])
    func longArgument(arguments: [String]) async throws {
        let home = try AgentHome()
        let long = (arguments == ["helper", "go"] ? "https://" : "") + String(repeating: "x", count: 100_000)
        let result = try await home.client(arguments + [long]).result()
        // Google's contract has failures in the reply.
        #expect(result.status != 0 || arguments.contains("google"))
        #expect(result.errors.utf8.count < 2500 && result.output.utf8.count < 2500, "\(result.errors.prefix(300))")
        #expect(result.errors.contains("error: ") || result.output.contains("message"), "\(result.errors.prefix(300))")
    }

    @Test("a corrupt account file is named with its line and a hint, and hides no other account")
    func corruptFile() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let bad = try demo.home.files.file(
            "config/authagent/accounts/bad.toml", "client_id = \"x\"\nissuer = nonsense\n")
        let result = try await demo.home.authagent("token", "bad")
        #expect(result.status == 1)
        #expect(result.errors.contains("authagent: error: \(bad):2: "), "\(result.errors)")
        #expect(result.errors.contains("authagent: hint: see authagent.toml(5)"))
        #expect(try await demo.home.authagent("token", "work").status == 0)
        await demo.home.killDaemon()
        let status = try await demo.home.authagent("status")
        #expect(status.output.contains("\(bad):2: "), "\(status.output)")
        #expect(status.output.contains("work"))
    }

    @Test("a configuration directory that cannot be written fails the login before a code is shown")
    func unwritableConfiguration() async throws {
        let issuer = try await DemoIssuer.start()
        let home = try AgentHome(changes: ["XDG_CONFIG_HOME": "/proc/self"])
        let result = try await home.authagent(
            "login", "work", "--issuer", issuer.issuer, "--client-id", "tv", "--store", "memory")
        #expect(result.status == 1)
        #expect(result.errors.contains("authagent: error: /proc/self/authagent"), "\(result.errors)")
        #expect(result.errors.contains("authagent: hint: "))
        #expect(issuer.log.allSatisfy { $0.endpoint != .device })
    }

    @Test("a state directory that cannot be created is exit code 4")
    func unwritableState() async throws {
        let home = try AgentHome(changes: ["XDG_STATE_HOME": "/dev/null"])
        let result = try await home.authagent("status")
        #expect(result.status == 4)
        #expect(result.errors.contains("authagent: error: /dev/null is not a directory\n"), "\(result.errors)")
        #expect(result.errors.contains("authagent: hint: "))
    }

    @Test("a socket directory that others can enter is refused with the command that repairs it: exit code 4")
    func looseDirectory() async throws {
        let home = try AgentHome()
        let run = home.files.path + "/run"
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: run)
        let result = try await home.authagent("status")
        #expect(result.status == 4)
        #expect(result.errors.contains("authagent: error: \(run) can be entered by others (mode 755)\n"))
        #expect(result.errors.contains("authagent: hint: run 'chmod 700 \(run)'\n"))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: run)
        #expect(try await home.authagent("status").status == 0)
    }

    @Test("a socket path that is too long is exit code 4")
    func longPath() async throws {
        let home = try AgentHome(changes: ["AUTHAGENT_SOCK": "/tmp/" + String(repeating: "x", count: 120)])
        let result = try await home.authagent("status")
        #expect(result.status == 4)
        #expect(result.errors.contains("longer than 107 bytes"))
    }

    @Test("a client secret that others can read is refused, and is not repeated")
    func readableSecret() async throws {
        let home = try AgentHome()
        let file = try home.files.file("secret", "canary", mode: 0o644)
        let result = try await home.authagent(
            "login", "work", "--issuer", "https://issuer.example", "--client-id", "x", "--client-secret-file", file)
        #expect(result.status == 1)
        #expect(result.errors.contains("authagent: hint: run 'chmod 600 \(file)'"))
        #expect(!result.errors.contains("canary"))
    }

    @Test("a browser's request through a proxy is refused and recorded; a program's for localhost is served")
    func browser() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let curl = try MissingProgram.require("curl", package: "curl")
        func ask(_ target: String, _ options: String...) async throws -> String {
            let all = ["-sS", "-w", " %{http_code}", "--unix-socket", demo.home.socket] + options
            return try await ChildProcess.run(curl, all + ["http://localhost" + target]).output
        }
        let token = "/v1/accounts/work/token"
        for options in [
            ["-H", "Origin: http://evil.example"], ["-H", "Sec-Fetch-Site: cross-site"],
            ["-H", "Host: rebind.evil.example"],
        ] {
            for request in [[], ["-X", "POST", "-H", "Content-Type: text/plain"]] {
                let target = request.isEmpty ? token : "/v1/lock"
                let answer = try await ChildProcess.run(
                    curl,
                    ["-sS", "-w", " %{http_code}", "--unix-socket", demo.home.socket] + options + request
                        + ["http://localhost" + target]
                ).output
                #expect(answer.hasSuffix(" 403") && !answer.contains("access_token"), "\(answer)")
            }
        }
        #expect(try await ask("/v1/lock", "-X", "POST", "-H", "Content-Type: text/plain").hasSuffix(" 415"))
        #expect(demo.home.log.contains("reason=browser") && demo.home.log.contains("reason=foreign_host"))
        // The request of a scraper's proxy.
        #expect(try await ask("/metrics", "-H", "Host: localhost").hasSuffix(" 200"))
        #expect(try await ask(token, "-H", "Host: LOCALHOST:80").hasSuffix(" 200"))
    }

    @Test("invalid bytes, no bytes and a huge head do not affect the agent")
    func garbage() async throws {
        let home = try AgentHome()
        try await home.authagent("start")
        let requests = [
            [], [UInt8](repeating: 0xFF, count: 20_000),
            Array(
                "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n".utf8
            ),
        ]
        for request in requests {
            let answer = try await home.exchange(request)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
        }
        #expect(try await home.authagent("status").status == 0)
    }
}
