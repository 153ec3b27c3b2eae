import Foundation
import Synchronization
import System
import TestSupport

/// A scripted agent for helpers, and what they run in. It serves the account `work`, which has the hosts
/// `git.example.com` and `registry.example.com`, and whose token is `AT1`, `AT2`, … after each renewal.
final class HelperAgent: Sendable {
    struct Reply: Sendable {
        var status: Int
        var json: String

        static func problem(_ status: Int, _ code: String, _ detail: String, hint: String) -> Reply {
            Reply(status: status, json: #"{"code":"\#(code)","detail":"\#(detail)","hint":"\#(hint)"}"#)
        }

        static let noAccount = problem(
            404, "no_account_for_url", "no account has the URL", hint: "run 'authagent url URL' to see why")
        static let loginRequired = problem(
            401, "login_required", "no login for 'work'", hint: "run 'authagent login work'")
    }

    let files: TemporaryDirectory
    let environment: [String: String]
    private let listener: Int32
    private let seen = Mutex<[String]>([])
    private let number = Mutex(1)
    private let script: @Sendable (_ request: String) -> Reply?

    /// `script` answers instead, where it does; it gets the request's method and path.
    init(_ script: @escaping @Sendable (_ request: String) -> Reply? = { _ in nil }) throws {
        files = try TemporaryDirectory()
        let run = try files.directory("run")
        let socket = try files.directory("run/authagent") + "/agent.sock"
        try files.directory("bin")
        var environment = ChildProcess.programEnvironment
        environment["HOME"] = files.path
        environment["XDG_RUNTIME_DIR"] = run
        environment["PATH"] = files.path + "/bin:" + (environment["PATH"] ?? "")
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        environment["GIT_TERMINAL_PROMPT"] = "0"
        self.environment = environment
        self.script = script
        listener = try LocalSocket.listen(at: socket).consumeRaw()
        for name in ["authagent"] + Self.links {
            try FileManager.default.createSymbolicLink(
                atPath: "\(files.path)/bin/\(name)", withDestinationPath: try BuildProducts.path("authagent"))
        }
        Thread.detachNewThread { [listener, weak self] in
            // Closed here, so that it never accepts on another test's listener with the same number.
            defer { close(listener) }
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                guard let self else {
                    close(connection)
                    return
                }
                Thread.detachNewThread { self.serve(connection) }
            }
        }
    }

    static let links = [
        "git-credential-authagent", "docker-credential-authagent", "cargo-credential-authagent",
        "terraform-credentials-authagent", "keyring",
    ]

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    var socket: String { files.path + "/run/authagent/agent.sock" }

    /// The requests so far: method and path, and the body of one that has any.
    var requests: [String] { seen.withLock { $0 } }

    /// Runs `authagent helper` with these arguments.
    func helper(
        _ arguments: String..., input: String = "", changes: [String: String] = [:]
    ) async throws -> ChildProcess.Result {
        try await ChildProcess.run(
            try BuildProducts.path("authagent"), ["helper"] + arguments,
            environment: environment.merging(changes) { $1 }, input: input)
    }

    /// Runs a program of the directory `bin`, or of the system.
    func run(
        _ program: String, _ arguments: String..., input: String = "", changes: [String: String] = [:]
    ) async throws -> ChildProcess.Result {
        let own = "\(files.path)/bin/\(program)"
        let path =
            FileManager.default.isExecutableFile(atPath: own)
            ? own : try MissingProgram.require(program, package: program)
        return try await ChildProcess.run(
            path, arguments, environment: environment.merging(changes) { $1 }, input: input)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        while let (request, body) = Self.readRequest(connection) {
            seen.withLock { $0.append(body.isEmpty ? request : "\(request) \(body)") }
            let reply = script(request) ?? standard(request)
            let head = "HTTP/1.1 \(reply.status) \r\ncontent-length: \(reply.json.utf8.count)\r\n\r\n"
            let bytes = Array((head + reply.json).utf8)
            guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return }
        }
    }

    private func standard(_ request: String) -> Reply {
        let hosts = ["git.example.com", "registry.example.com", "index.docker.io"]
        let isKnown = request.contains("/accounts/work") || hosts.contains { request.contains($0) }
        guard request != "GET /v1/accounts" else {
            return Reply(
                status: 200,
                json: #"{"agent":{},"accounts":[{"account":"work","urls":["https://git.example.com/team/","#
                    + #""https://registry.example.com/","http://127.0.0.1:8000/"]},{"account":"other"}]}"#)
        }
        guard isKnown else { return .noAccount }
        if request.hasSuffix("/token/rejected") {
            number.withLock { $0 += 1 }
            return Reply(status: 200, json: #"{"account":"work","result":"renewed"}"#)
        }
        if request.hasPrefix("GET /v1/url?") {
            return Reply(
                status: 200, json: #"{"account":"work","url":"https://git.example.com/team/","reason":"its urls"}"#)
        }
        return Reply(status: 200, json: Self.token(number.withLock { $0 }, isID: request.contains("id_token=true")))
    }

    /// The agent's reply with the token of that number.
    static func token(_ number: Int, isID: Bool = false, more: String = "") -> String {
        let id = isID ? #""id_token":"h.ID\#(number).s","id_token_expires_at":2000000100,"# : ""
        return #"{"access_token":"AT\#(number)","account":"work","expires_at":2000000000,"expires_in":3600,"#
            + more + id + #""scope":"api","token_type":"bearer"}"#
    }

    /// Reads a head and its body; `nil` at the end of the connection.
    private static func readRequest(_ connection: Int32) -> (request: String, body: String)? {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while text.suffix(4) != [13, 10, 13, 10] {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            text.append(byte)
        }
        let lines = String(decoding: text, as: UTF8.self).components(separatedBy: "\r\n")
        let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
        var body: [UInt8] = []
        while body.count < length {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            body.append(byte)
        }
        let words = lines[0].split(separator: " ")
        return (words.prefix(2).joined(separator: " "), String(decoding: body, as: UTF8.self))
    }
}
