import AgentAPI
import Foundation
import Synchronization
import TestSupport
import Testing

/// The network variables in the daemon's environment: proxies and CA files.
@Suite(.timeLimit(.minutes(5)))
struct NetworkEnvironmentTests {
    let authority: ThrowAwayCA
    let provider: TLSServer

    init() async throws {
        authority = try await ThrowAwayCA()
        provider = try await TLSServer(authority.certificate())
    }

    @Test(
        "CURL_CA_BUNDLE and SSL_CERT_FILE set the trusted authorities",
        arguments: ["CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    func trusted(variable: String) async throws {
        try await expectPrompt(try AgentHome(changes: [variable: authority.file]))
    }

    @Test("a relative path of the CA file is resolved from the command's working directory")
    func relative() async throws {
        let home = try AgentHome(changes: [
            "SSL_CERT_FILE": authority.file.split(separator: "/").last.map(String.init) ?? ""
        ])
        let directory = String(authority.file.dropLast((home.environment["SSL_CERT_FILE"] ?? "").count + 1))
        let shell = try ChildProcess(
            "/bin/sh", ["-c", #"cd "$1" && exec "$2" start"#, "sh", directory, try home.program("authagent")],
            environment: home.environment)
        #expect(await shell.result().status == 0)
        try await expectPrompt(home)
    }

    @Test("if a command's variables differ from the agent's, status and doctor report it in one line")
    func differing() async throws {
        let home = try AgentHome(changes: ["https_proxy": "http://user:secret@127.0.0.1:9"])
        #expect(try await home.authagent("status").errors.isEmpty)
        let changed = home.environment.merging(["https_proxy": "http://127.0.0.1:10", "no_proxy": "x"]) { $1 }
        for command in ["status", "doctor"] {
            let result = try await ChildProcess.run(try home.program("authagent"), [command], environment: changed)
            let lines = (result.errors + result.output).split(separator: "\n").filter {
                $0.contains("the agent still has https_proxy, no_proxy of its first command")
            }
            #expect(lines.count == 1, "\(result.output)\(result.errors)")
            #expect(!(result.errors + result.output).contains("secret"))
        }
    }

    @Test("an unreadable CA file is named with the agent's environment variable: exit code 6")
    func unreadable() async throws {
        let home = try AgentHome(changes: ["SSL_CERT_FILE": authority.files.path + "/gone.pem"])
        let result = await (try login(home)).result()
        #expect(result.status == 6, "\(result.output)\(result.errors)")
        #expect(
            result.errors.contains("\(authority.files.path)/gone.pem' (SSL_CERT_FILE in the agent's environment)"),
            "\(result.errors)")
    }

    @Test("an unreachable proxy is named with its variable, and the provider is not blamed: exit code 6")
    func deadProxy() async throws {
        // The discard port, where no proxy listens.
        let home = try AgentHome(changes: [
            "HTTPS_PROXY": "http://user:secret@127.0.0.1:9", "CURL_CA_BUNDLE": authority.file,
        ])
        let result = await (try login(home)).result()
        #expect(result.status == 6, "\(result.output)\(result.errors)")
        #expect(result.errors.contains("the proxy http://127.0.0.1:9 (HTTPS_PROXY)"), "\(result.errors)")
        #expect(!result.errors.contains("connect to 127.0.0.1:\(provider.port)"), "\(result.errors)")
        #expect(!(result.errors + result.output + home.log).contains("secret"))
    }

    @Test("without these variables a private authority is refused, and the hint names ca_file: exit code 6")
    func untrusted() async throws {
        let home = try AgentHome()
        let result = await (try login(home)).result()
        #expect(result.status == 6, "\(result.output)\(result.errors)")
        #expect(result.output.contains(#""code":"provider_unreachable""#), "\(result.output)")
        #expect(result.errors.contains("certificate"), "\(result.errors)")
        #expect(result.errors.contains("ca_file"), "\(result.errors)")
        #expect(!provider.received.contains("POST"))
    }

    @Test("https goes through the proxy of https_proxy, unless no_proxy names its host")
    func proxy() async throws {
        let proxy = try RefusingProxy()
        let environment = ["https_proxy": proxy.url, "CURL_CA_BUNDLE": authority.file]
        let home = try AgentHome(changes: environment)
        let result = await (try login(home)).result()
        #expect(result.status == 6, "\(result.output)\(result.errors)")
        #expect(proxy.received.hasPrefix("CONNECT 127.0.0.1:\(provider.port) HTTP/1.1"), "\(proxy.received)\(home.log)")
        #expect(!provider.received.contains("POST"))

        let asked = proxy.received
        try await expectPrompt(
            try AgentHome(changes: environment.merging(["no_proxy": "elsewhere.example,127.0.0.1"]) { $1 }))
        #expect(proxy.received == asked)
    }

    @Test(
        "TLS keys are written nowhere, even if the environment requests it", arguments: [true, false])
    func keyLog(isStartedByClient: Bool) async throws {
        let log = authority.files.path + "/keys.log"
        let environment = ["CURL_CA_BUNDLE": authority.file, "SSLKEYLOGFILE": log, "QLOGDIR": authority.files.path]
        let home = try AgentHome(changes: environment)
        let daemon = isStartedByClient ? nil : try await home.daemon()
        try await expectPrompt(home)
        #expect(!FileManager.default.fileExists(atPath: log))
        // Proves the set-up: a program that obeys the variable writes the keys.
        let curl = try MissingProgram.require("curl", package: "curl")
        let server = try await TLSServer(authority.certificate())
        let other = try ChildProcess(
            curl, ["-sS", "--cacert", authority.file, server.url],
            environment: ChildProcess.programEnvironment.merging(environment) { $1 })
        await eventually("no request: \(other.errorsSoFar)") { server.received.contains("GET /") || !other.isRunning }
        server.reply("x")
        #expect(await other.result().status == 0)
        #expect(FileManager.default.fileExists(atPath: log))
        daemon?.signal(SIGTERM)
        _ = await daemon?.result()
    }

    private func login(_ home: AgentHome) throws -> ChildProcess {
        let endpoints = ["--device-endpoint", provider.url + "/device", "--token-endpoint", provider.url + "/token"]
        return try home.client(["login", "work", "--client-id", "tv", "--store", "memory", "--json"] + endpoints)
    }

    /// Expects that the agent reaches the provider and shows its code.
    private func expectPrompt(_ home: AgentHome, _ location: SourceLocation = #_sourceLocation) async throws {
        let login = try login(home)
        await eventually("\(login.errorsSoFar)\(login.outputSoFar)", sourceLocation: location) {
            provider.received.contains("POST /device") || !login.isRunning
        }
        provider.reply(
            #"{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://issuer.example/a","expires_in":600}"#
        )
        let prompt = await home.prompt(of: login)
        #expect(prompt?.userCode == "WDJB-MJHT", "\(login.errorsSoFar)", sourceLocation: location)
    }
}

/// A proxy that reads one request on each connection and closes it.
private final class RefusingProxy: Sendable {
    private let listener: LoopbackListener

    private final class Record: Sendable {
        let heard = Mutex("")
    }
    private let record = Record()

    var url: String { "http://127.0.0.1:\(listener.port)" }
    var received: String { record.heard.withLock { $0 } }

    init() throws {
        listener = try LoopbackListener { [record] connection in
            var buffer = [UInt8](repeating: 0, count: 16 * 1024)
            let count = recv(connection, &buffer, buffer.count, 0)
            record.heard.withLock { $0 += String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) }
            close(connection)
        }
    }
}
