import Foundation
import TestSupport
import Testing

/// The hooks of packaging/examples, each with a real input and what it is for.
@Suite(.timeLimit(.minutes(2)))
struct HookExampleTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    /// Facts with characters that mean something to a shell, a header or JSON.
    private static let facts = """
        {"account":"work","event":"login_prompt","expires_at":1790000600,\
        "message":"to log in 'work', open https://id.example.com and enter \\"AB$(id)\\" \u{e9}; \\\\ ok",\
        "time":1790000000,"user_code":"AB","verification_uri":"https://id.example.com",\
        "verification_uri_complete":"https://id.example.com?code=AB"}

        """
    private static let message =
        "to log in 'work', open https://id.example.com and enter \"AB$(id)\" \u{e9}; \\ ok"

    private func run(
        _ example: String, _ arguments: String..., input: String = facts, path: String? = nil
    ) async throws -> ChildProcess.Result {
        var environment = ChildProcess.programEnvironment
        if let path { environment["PATH"] = path + ":" + (environment["PATH"] ?? "") }
        return try await ChildProcess.run(
            Repository.path("packaging/examples/\(example)"), arguments, environment: environment, input: input)
    }

    private static func facts(_ event: String, _ account: String) -> String {
        #"{"account":"\#(account)","event":"\#(event)","message":"m","time":1}"#
    }

    /// Starts a server that takes one request or one mail. It prints its port, and then what it got.
    private func server(_ script: String) async throws -> (process: ChildProcess, port: String) {
        let python = try MissingProgram.require("python3", package: "python3")
        let server = try ChildProcess(
            python, ["-u", "-c", script], environment: ChildProcess.programEnvironment, input: nil)
        return (server, await server.line())
    }

    /// Prints the request's path, its authorization, whether a process has the secret among its arguments, its body.
    private static let httpServer = """
        import glob, http.server
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seen = 0
                for name in glob.glob("/proc/[0-9]*/cmdline"):
                    try: seen += b"s3cret" + b"-" in open(name, "rb").read()
                    except OSError: pass
                print(self.path, self.headers["Authorization"], self.headers["Content-Type"], seen)
                print(body.decode())
                self.send_response(204); self.end_headers()
            def log_message(self, *arguments): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port)
        server.handle_request()
        """

    @Test("hook-webhook posts the facts as they are, to the URL of a file that no argument shows")
    func webhook() async throws {
        _ = try MissingProgram.require("curl", package: "curl")
        let (server, port) = try await server(Self.httpServer)
        let url = try files.file("url", "http://127.0.0.1:\(port)/s3cret-path?a=b\n")
        let result = try await run("hook-webhook", url)
        #expect(result.status == 0 && result.output.isEmpty, "\(result.errors)")
        let got = await server.result().lines
        #expect(got[1] == "/s3cret-path?a=b None application/json 0")
        #expect(got.dropFirst(2).joined() + "\n" == Self.facts)
        for text in ["ftp://127.0.0.1/\n", "", "https://a/\"\n"] {
            let wrong = try await run("hook-webhook", try files.file("wrong", text))
            #expect(wrong.status == 1, "\(text)")
        }
    }

    @Test("hook-ntfy sends message, title and the page to open, with the token of a file")
    func ntfy() async throws {
        let (server, port) = try await server(Self.httpServer)
        let file = try files.file("ntfy", "http://127.0.0.1:\(port)/s3cret-topic\ntk_s3cret-token\n")
        let result = try await run("hook-ntfy", file)
        #expect(result.status == 0, "\(result.errors)")
        let got = await server.result().lines
        #expect(got[1] == "/ Bearer tk_s3cret-token application/json 0")
        let note = try #require(try JSONSerialization.jsonObject(with: Data(got[2].utf8)) as? [String: Any])
        #expect(note["topic"] as? String == "s3cret-topic")
        #expect(note["message"] as? String == Self.message)
        #expect(note["click"] as? String == "https://id.example.com?code=AB")
        let refused = try await run("hook-ntfy", file)
        #expect(refused.status == 1 && !refused.errors.contains("s3cret"), "\(refused.errors)")
    }

    @Test("hook-mail sends a mail with the message to the recipient")
    func mail() async throws {
        let (server, port) = try await server(
            """
            import socket
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1])
            connection, _ = listener.accept()
            stream = connection.makefile("rw", newline="\\r\\n")
            def say(text):
                stream.write(text + "\\n"); stream.flush()
            say("220 sink")
            for line in stream:
                line = line.rstrip()
                if line.upper() == "DATA":
                    say("354 go on")
                    for text in stream:
                        if text.rstrip() == ".": break
                        print(text.rstrip())
                    say("250 taken")
                elif line.upper() == "QUIT":
                    say("221 bye"); break
                else:
                    print(line)
                    say("250 ok")
            """)
        let result = try await run("hook-mail", "ops@example.com", "127.0.0.1:\(port)")
        #expect(result.status == 0, "\(result.errors)")
        let got = await server.result().lines
        #expect(got.contains { $0.hasPrefix("rcpt TO:<ops@example.com>") || $0.hasPrefix("RCPT TO:<ops@example.com>") })
        #expect(got.contains("Subject: authagent: login_prompt work"))
        #expect(got.contains("verification_uri_complete: https://id.example.com?code=AB"), "\(got)")
        // A line break in the facts cannot add a header.
        let forged = #"{"account":"a\nBcc: x@example.com","event":"e","message":"m"}"#
        #expect(try await run("hook-mail", "ops@example.com", "127.0.0.1:1", input: forged).status == 1)
    }

    @Test("hook-motd keeps one line for each account that needs a login, and removes it after a renewal")
    func motd() async throws {
        let path = files.path + "/motd"
        func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
        for event in ["login_expires", "login_required", "login_required"] {
            #expect(try await run("hook-motd", path, input: Self.facts(event, "work")).status == 0)
        }
        #expect(try await run("hook-motd", path, input: Self.facts("login_required", "work2")).status == 0)
        let both = "authagent: 'work' needs a login: authagent login work\n"
        let other = "authagent: 'work2' needs a login: authagent login work2\n"
        #expect(try text() == both + other)
        #expect(try await run("hook-motd", path, input: Self.facts("refreshed", "work")).status == 0)
        #expect(try text() == other)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.path) == ["motd"])
    }

    @Test("hook-wall writes the message to wall's input")
    func wall() async throws {
        let bin = try files.directory("bin")
        try files.file("bin/wall", "#!/bin/sh\n[ $# -eq 0 ] && cat > \(files.path)/shown\n", mode: 0o755)
        #expect(try await run("hook-wall", path: bin).status == 0)
        let shown = try String(contentsOfFile: files.path + "/shown", encoding: .utf8)
        #expect(shown == "authagent: \(Self.message)\n")
        #expect(try await run("hook-wall", input: "no JSON", path: bin).status != 0)
    }

    @Test("each example is in the README, and is called as that says")
    func readme() throws {
        let examples = try FileManager.default.contentsOfDirectory(atPath: Repository.path("packaging/examples"))
        let readme = try String(contentsOfFile: Repository.path("packaging/examples/README.md"), encoding: .utf8)
        let hooks = examples.filter { $0.hasPrefix("hook-") }
        #expect(hooks.count == 6)
        for hook in hooks { #expect(readme.contains("`\(hook)`")) }
    }
}
