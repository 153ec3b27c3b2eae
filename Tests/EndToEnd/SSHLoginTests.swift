import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Logins of an agent on a server, with the browser on the machine at the other end of ssh(1).
@Suite(.timeLimit(.minutes(5)))
struct SSHLoginTests {
    @Test("the ssh line on the screen leads a browser on the other machine to the agent, from the short address on")
    func forwardedPort() async throws {
        let server = try await SSHServer()
        let user = NSUserName()
        let login = try await BrowserLogin(
            changes: ["SSH_CONNECTION": "127.0.0.1 50000 127.0.0.1 \(server.port)", "LOGNAME": user])
        let (terminal, address) = try await login.startAtTerminal()
        let line = try #require(terminal.screen.split(separator: "\n").first { $0.hasPrefix("    ssh ") })
        let words = line.split(separator: " ").map(String.init)
        let forward = try #require(words.first { $0.hasSuffix(":127.0.0.1:\($0.prefix { $0 != ":" })") }, "\(line)")
        let port = String(forward.prefix { $0 != ":" })
        #expect(words == ["ssh", "-p", "\(server.port)", "-L", forward, "\(user)@127.0.0.1"])

        // Both machines are this one: the other's loopback address has another number.
        let options = words.dropFirst().map { $0 == forward ? "127.0.0.2:\(forward)" : $0 }
        let ssh = try await server.connect(Array(options))
        let browser = try OtherBrowser(port: port, at: "127.0.0.2")
        let short = try #require(terminal.screen.firstMatch(of: /http:\/\/127\.0\.0\.1:[0-9]+\/[A-Za-z0-9_-]+\n/))
        let start = try await browser.get(String(short.output.dropLast()))
        #expect(start == "302 \(address)")
        let page = try await browser.get(try await login.approve(address))
        #expect(page == "302 http://127.0.0.1:\(port)/accepted", "\(page)")
        #expect(await terminal.result() == 0, "\(terminal.screen)\(login.home.log)")
        #expect(try await login.token() == 0)
        ssh.signal(SIGTERM)
    }

    @Test("with the agent's socket forwarded, --browser-here takes the response on the browser's machine")
    func forwardedSocket() async throws {
        let server = try await SSHServer()
        let login = try await BrowserLogin()
        _ = try await login.home.authagent("start")
        let laptop = try Laptop()
        let ssh = try await server.connect(
            ["-p", "\(server.port)", "-L", "\(laptop.socket):\(login.home.socket)", "\(NSUserName())@127.0.0.1"])
        let client = try laptop.start(
            [try login.home.program("authagent"), "login", "work", "--code", "--browser-here"] + login.demo.options)
        _ = await client.line(beginning: "waiting for approval")
        let address = try #require(
            client.outputSoFar.split(separator: "\n").first { $0.hasPrefix(login.issuer.issuer) })
        // The browser is opened with a private page, as every user can read its arguments.
        await eventually("no browser is opened: \(client.errorsSoFar)") { laptop.opened.contains("\n") }
        let opened = try #require(laptop.opened.split(separator: "\n").first.map(String.init))
        let file = try #require(opened.wholeMatch(of: /file:\/\/(\/.*\/authagent-login-[A-Za-z0-9_-]{12}\.html)/)?.1)
        let page = String(file)
        let mode = try FileManager.default.attributesOfItem(atPath: page)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let html = try String(contentsOfFile: page, encoding: .utf8)
        let start = try #require(html.firstMatch(of: /content="0;url=(http:\/\/127\.0\.0\.1:[0-9]+\/[^"]+)"/)?.1)
        #expect(try await laptop.get(String(start), of: client) == "302 \(address)")

        let response = try await login.approve(String(address))
        let wrong = response.replacing(/state=[^&]*/, with: "state=AAAAAAAAAAAAAAAAAAAAAA")
        #expect(try await laptop.get(wrong, of: client) == "404 ")
        await eventually("the wrong response is not shown") { client.errorsSoFar.contains("note: not accepted: ") }
        let place = try #require(response.firstMatch(of: /^http:\/\/127\.0\.0\.1:[0-9]+/))
        #expect(try await laptop.get(response, of: client) == "302 \(place.output)/accepted")
        #expect(try await laptop.get("\(place.output)/accepted", of: client) == "200 ")
        let result = await client.result()
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: page), "the private page is left")
        #expect(try await login.token() == 0)
        ssh.signal(SIGTERM)
    }

    @Test("without a socket --browser-here names the ssh line that forwards it, and starts no agent")
    func noSocket() async throws {
        let home = try AgentHome()
        let result = try await home.authagent("login", "work", "--code", "--browser-here")
        #expect(result.status == 4)
        #expect(result.errors.contains("hint: forward the other machine's socket: ssh -L \(home.socket):"))
        #expect(home.daemonPID == nil)
    }

    @Test("on the agent's own machine --browser-here names the taken port, and the login goes on")
    func ownMachine() async throws {
        let login = try await BrowserLogin()
        _ = try await login.home.authagent("start")
        let client = try login.home.client(["login", "work", "--code", "--browser-here"] + login.demo.options)
        _ = await client.line(beginning: "waiting for approval")
        #expect(
            client.errorsSoFar.contains("of this machine is taken: if the agent runs here"), "\(client.errorsSoFar)")
        let address = try #require(
            client.outputSoFar.split(separator: "\n").first { $0.hasPrefix(login.issuer.issuer) })
        let page = try await Browser().get(try await login.approve(String(address)))
        #expect(page.location?.hasSuffix("/accepted") == true)
        #expect(await client.result().status == 0)
    }
}

/// A browser whose loopback address has another number.
private struct OtherBrowser {
    let port: String
    private let address: String
    private let curl: String

    init(port: String, at address: String) throws {
        (self.port, self.address) = (port, address)
        curl = try MissingProgram.require("curl", package: "curl")
    }

    /// The reply's status, and where it leads.
    func get(_ url: String) async throws -> String {
        let result = try await ChildProcess.run(
            curl,
            [
                "-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "--connect-to",
                "127.0.0.1:\(port):\(address):\(port)", url,
            ])
        return result.output + result.errors
    }
}

/// A machine with a browser: a network namespace with a loopback interface of its own (network_namespaces(7)).
private final class Laptop: Sendable {
    private let files: TemporaryDirectory

    init() throws {
        files = try TemporaryDirectory()
        try files.directory("bin")
        try files.directory("run")
        try files.file("bin/xdg-open", "#!/bin/sh\necho \"$1\" >>\(files.path)/opened\n", mode: 0o700)
    }

    var socket: String { files.path + "/server.sock" }

    /// What the browser was opened with.
    var opened: String { (try? String(contentsOfFile: files.path + "/opened", encoding: .utf8)) ?? "" }

    func start(_ command: [String]) throws -> ChildProcess {
        let unshare = try MissingProgram.require("unshare", package: "util-linux")
        _ = try MissingProgram.require("ip", package: "iproute2")
        let path = ChildProcess.programEnvironment["PATH"] ?? ""
        return try ChildProcess(
            unshare, ["-n", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"] + command,
            environment: [
                "PATH": "\(files.path)/bin:\(path)", "HOME": files.path, "AUTHAGENT_SOCK": socket, "DISPLAY": ":99",
                "XDG_RUNTIME_DIR": files.path + "/run",
            ])
    }

    /// Requests the address on the machine of this process; the reply's status, and where it leads.
    func get(_ url: String, of process: ChildProcess) async throws -> String {
        let nsenter = try MissingProgram.require("nsenter", package: "util-linux")
        let curl = try MissingProgram.require("curl", package: "curl")
        let result = try await ChildProcess.run(
            nsenter,
            [
                "-t", "\(process.pid)", "-n", curl, "-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", url,
            ])
        return result.output + result.errors
    }
}
