import DemoIssuer
import Foundation
import TestSupport
import Testing

/// packaging/examples/fleet: the logins of many machines, approved in one place.
@Suite(.timeLimit(.minutes(5)))
struct FleetLoginTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    /// A pending login, as the collector has it.
    private struct Prompt: Decodable, Equatable {
        var machine: String
        var account: String
        var userCode: String
        var page: String

        enum CodingKeys: String, CodingKey {
            case machine, account, page
            case userCode = "user_code"
        }
    }

    /// The example's collector, and its URL.
    private func collector(_ machines: [String: String], _ issuer: String) async throws -> (ChildProcess, String) {
        let sha256sum = try MissingProgram.require("sha256sum", package: "coreutils")
        var lines = ""
        for (name, token) in machines {
            let digest = try await ChildProcess.run(sha256sum, input: token).output.prefix(64)
            lines += "\(name) \(digest)\n"
        }
        let collector = try ChildProcess(
            Repository.path("packaging/examples/fleet/prompt-collector"),
            [try files.file("machines", lines), issuer, "--port", "0"], environment: ChildProcess.programEnvironment,
            input: nil)
        return (collector, await collector.line(beginning: "http://"))
    }

    private func get(_ url: String, _ options: String...) async throws -> String {
        let curl = try MissingProgram.require("curl", package: "curl")
        return try await ChildProcess.run(curl, ["-sS", url] + options).output
    }

    private func prompts(_ url: String) async throws -> [Prompt] {
        try JSONDecoder().decode([Prompt].self, from: Data(try await get(url + "prompts.json").utf8))
    }

    @Test("the prompts of three machines are on one page, approved there, and each machine has its token")
    func threeMachines() async throws {
        let issuer = try await DemoIssuer.start(DemoIssuer.Configuration())
        let tokens = ["worker-1": "s3cret-1", "worker-2": "s3cret-2", "worker-3": "s3cret-3"]
        let (collector, url) = try await collector(tokens, issuer.issuer)
        let hook = Repository.path("packaging/examples/hook-collect")
        var machines: [(home: AgentHome, login: ChildProcess)] = []
        for (_, token) in tokens.sorted(by: { $0.key < $1.key }) {
            let home = try AgentHome()
            let file = try home.files.file("collector", "\(url)\n\(token)\n")
            try home.files.directory("config/authagent")
            try home.files.file(
                "config/authagent/authagent.toml", "on_login_prompt = [\"\(hook)\", \"\(file)\"]\n")
            try home.files.directory("config/authagent/accounts")
            try home.files.file(
                "config/authagent/accounts/work.toml",
                "issuer = \"\(issuer.issuer)\"\nclient_id = \"tv\"\nstore = \"memory\"\n")
            machines.append((home, try home.client(["login", "work"])))
        }
        try await eventually("\(machines.map(\.home.log))\(collector.errorsSoFar)") {
            try await prompts(url).count == 3
        }
        let pending = try await prompts(url)
        #expect(pending.map(\.machine) == ["worker-1", "worker-2", "worker-3"])
        #expect(pending.allSatisfy { $0.account == "work" && $0.page.hasPrefix(issuer.issuer) })
        #expect(Set(pending.map(\.userCode)).count == 3)
        let page = try await get(url)
        for prompt in pending {
            #expect(page.contains("<code>\(prompt.userCode)</code>"))
            issuer.approve(prompt.userCode)
        }
        for machine in machines {
            #expect(await machine.login.result().status == 0)
            #expect(try await machine.home.authagent("token", "work").status == 0)
        }
        // Neither a code nor a token of a machine is in what the collector prints.
        let printed = collector.outputSoFar + collector.errorsSoFar
        for secret in pending.map(\.userCode) + tokens.values { #expect(!printed.contains(secret)) }
        for secret in issuer.refreshTokens { #expect(!page.contains(secret)) }
        collector.signal(SIGTERM)
    }

    @Test("the collector takes a prompt under its machine's name alone, and nothing that would run or be another's")
    func hostileMachine() async throws {
        let issuer = "https://id.example.com"
        let (collector, url) = try await collector(["worker-1": "one", "worker-2": "two"], issuer)
        func post(_ token: String, _ facts: String) async throws -> String {
            try await get(
                url, "-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer \(token)", "-d", facts)
        }
        func facts(
            _ issuer: String, page: String = "https://id.example.com/device", account: String = "work",
            code: String = "AB-CD", life: Int = 600
        ) -> String {
            #"{"event":"login_prompt","account":"\#(account)","issuer":"\#(issuer)","host":"worker-2","user_code":"\#(code)","#
                + #""verification_uri":"\#(page)","expires_at":\#(time(nil) + life)}"#
        }
        #expect(try await post("one", facts(issuer)) == "200")
        #expect(try await prompts(url).map(\.machine) == ["worker-1"])
        #expect(try await post("three", facts(issuer)) == "401")
        #expect(try await get(url, "-o", "/dev/null", "-w", "%{http_code}", "-d", "{}") == "401")
        for wrong in [
            facts("https://evil.example.com"), facts(issuer, page: "javascript:alert(1)"),
            facts(issuer, page: "https://id.example.com.evil.example/device"), facts(issuer, life: -1),
            facts(issuer, account: ""), "[]", "{", "7", "", String(repeating: "[", count: 10_000),
        ] {
            #expect(try await post("two", wrong) == "400", "\(wrong.prefix(200))")
        }
        #expect(try await post("two", String(repeating: " ", count: 20_000)) == "413")
        // A machine cannot fill the page, nor put HTML into it.
        for number in 1...20 { _ = try await post("two", facts(issuer, account: "a\(number)", code: "<b>\(number)")) }
        #expect(try await prompts(url).filter { $0.machine == "worker-2" }.count == 16)
        let page = try await get(url)
        #expect(page.contains("&lt;b&gt;1") && !page.contains("<b>"))
        // The next prompt replaces the last one, and the end of the login removes it.
        #expect(try await post("one", facts(issuer, code: "EF-GH")) == "200")
        #expect(try await prompts(url).first?.userCode == "EF-GH")
        #expect(try await post("one", #"{"event":"login_required","account":"work"}"#) == "200")
        #expect(try await prompts(url).first?.machine == "worker-2")
        collector.signal(SIGTERM)
    }

    @Test("the hook keeps a login's address to itself, follows no redirect, and says nothing of its token")
    func hook() async throws {
        let python = try MissingProgram.require("python3", package: "python3")
        let script = """
            import http.server, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    print(self.headers["Authorization"], body.decode(), flush=True)
                    self.send_response(int(sys.argv[1]))
                    self.send_header("Location", "http://127.0.0.1:1/")
                    self.end_headers()
                def log_message(self, *arguments): pass
            server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
            print(server.server_port, flush=True)
            server.handle_request()
            """
        let facts = #"{"event":"login_prompt","account":"work","authorization_uri":"https://a/?state=s","message":"m"}"#
        for (status, ends) in [("204", 0), ("307", 1), ("500", 1)] as [(String, Int32)] {
            let server = try ChildProcess(
                python, ["-c", script, status], environment: ChildProcess.programEnvironment, input: nil)
            let file = try files.file("collector", "http://127.0.0.1:\(await server.line())/x\ns3cret\n")
            let result = try await ChildProcess.run(
                Repository.path("packaging/examples/hook-collect"), [file], input: facts)
            #expect(result.status == ends && !result.errors.contains("s3cret"), "\(result.errors)")
            let got = await server.result().lines
            #expect(got.count == 2 && got[1].hasPrefix("Bearer s3cret {"), "\(got)")
            #expect(!got[1].contains("state=s") && got[1].contains(#""host":"#), "\(got)")
        }
        for text in ["http://collector.example.com/\nt\n", "https://a/\n", "", "ftp://a\nt\n"] {
            let result = try await ChildProcess.run(
                Repository.path("packaging/examples/hook-collect"), [try files.file("wrong", text)], input: facts)
            #expect(result.status == 1, "\(text)")
        }
    }
}
