import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The fast path of `authagent token NAME`, whose output must equal that of the ordinary path.
@Suite(.timeLimit(.minutes(5)))
struct QuickTokenTests {
    /// The same on the ordinary path, by an option without effect.
    private func both(
        _ home: AgentHome, _ arguments: [String]
    ) async throws -> (quick: ChildProcess.Result, ordinary: ChildProcess.Result) {
        (
            try await home.client(["token"] + arguments).result(),
            try await home.client(["token"] + arguments + ["--min-valid=60"]).result()
        )
    }

    private func expectSame(_ home: AgentHome, _ arguments: String..., status: Int32) async throws {
        let (quick, ordinary) = try await both(home, arguments)
        #expect(quick.status == status, "\(arguments): \(quick.errors)")
        #expect(quick.status == ordinary.status)
        #expect(quick.output == ordinary.output)
        #expect(quick.errors == ordinary.errors)
    }

    @Test("token, header, refusal, unknown name and invalid arguments are the same on both paths")
    func same() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try await expectSame(demo.home, "work", status: 0)
        try await expectSame(demo.home, "work", "--header", status: 0)
        try await expectSame(demo.home, "ghost", status: 1)
        try await expectSame(demo.home, "../work", status: 2)
        try await expectSame(demo.home, "work", "--headers", status: 2)
        try await expectSame(demo.home, "--header", "work", status: 0)
        try await demo.home.authagent("lock")
        try await expectSame(demo.home, "work", status: 7)
        try await demo.home.authagent("unlock")
        try await demo.home.authagent("logout", "work")
        try await expectSame(demo.home, "work", status: 3)
    }

    @Test("the fast path is used: its request has no query")
    func taken() async throws {
        let home = try AgentHome()
        let agent = try SilentAgent(home.socket)
        let ordinary = "GET /v1/accounts/work/token?min_valid=60 HTTP/1.1"
        for (arguments, request) in [
            (["work"], "GET /v1/accounts/work/token HTTP/1.1"),
            (["work", "--header"], "GET /v1/accounts/work/token HTTP/1.1"),
            (["work", "--min-valid=60"], ordinary),
        ] {
            let client = try home.client(["token"] + arguments)
            #expect(try await agent.request() == request)
            // The connection ends before an answer, so the ordinary path requests it again.
            for _ in 0..<(request == ordinary ? 1 : 2) { #expect(try await agent.request() == ordinary) }
            #expect(await client.result().status != 0)
        }
    }

    @Test("help for token, and an agent that has to be started first, use the ordinary path")
    func notQuick() async throws {
        let demo = try await DemoLogin()
        #expect(try await demo.home.authagent("token", "--help").output.contains("USAGE: authagent token"))
        #expect(try await demo.home.authagent("token").status == 2)
        #expect(demo.home.daemonPID == nil)
        let started = try await demo.home.authagent("token", "ghost")
        #expect(started.status == 1)
        #expect(demo.home.daemonPID != nil)
    }

    @Test("a note of the agent is printed once beside the token, and the token is requested once")
    func note() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.accessTokenLifetime = 50
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 0)
        #expect(result.lines.count == 1)
        let notes = result.errors.split(separator: "\n")
        #expect(notes.count == 1)
        #expect(notes.first?.hasPrefix("authagent: note: the lifetime of the provider's tokens is below the") == true)
    }

    @Test("a token with every character that JSON and terminals have to escape is printed as it is")
    func strangeToken() async throws {
        let demo = try await DemoLogin()
        let tokens = [#"a\"b"#, #"a\\b"#, #"a\/b"#, #"x\"note\":\"y"#, #"\"access_token\":\"z"#]
        for (number, token) in tokens.enumerated() {
            let name = "work\(number)"
            let body = #"{"access_token":"\#(token)","token_type":"Bearer","expires_in":3600,"refresh_token":"r"}"#
            demo.issuer.enqueue(.token, .reply(status: 200, body: body))
            try await demo.logIn(name)
            let raw = try JSONDecoder().decode([String].self, from: Data("[\"\(token)\"]".utf8))
            #expect(try await demo.home.authagent("token", name).output == raw[0] + "\n")
            try await expectSame(demo.home, name, status: 0)
        }
    }
}
