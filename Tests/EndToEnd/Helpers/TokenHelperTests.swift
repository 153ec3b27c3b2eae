import Foundation
import TestSupport
import Testing

/// The helpers of Google's libraries, MCP clients and mail.
@Suite(.timeLimit(.minutes(5)))
struct TokenHelperTests {
    private static let types = "urn:ietf:params:oauth:token-type:"

    @Test("google: the ID token in the type that the configuration names, valid for the library's 5 minutes")
    func google() async throws {
        let agent = try HelperAgent()
        for (type, changes) in [
            ("id_token", [:]), ("id_token", ["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE": Self.types + "id_token"]),
            ("jwt", ["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE": Self.types + "jwt", "GOOGLE_EXTERNAL_ACCOUNT_REVOKE": "0"]),
        ] {
            let result = try await agent.helper("google", "work", changes: changes)
            #expect(
                result.output == #"{"version":1,"success":true,"token_type":"\#(Self.types)\#(type)","#
                    + #""id_token":"h.ID1.s","expiration_time":2000000100}"# + "\n")
            #expect(result.status == 0 && result.errors == "")
            #expect(agent.requests.last == "GET /v1/accounts/work/token?min_valid=300&id_token=true")
        }
    }

    @Test("google: a login without an ID token gives the access token where a JWT is wanted")
    func googleAccessToken() async throws {
        let agent = try HelperAgent { request in
            request.contains("id_token") ? .problem(404, "no_id_token", "there is none", hint: "log in again") : nil
        }
        let jwt = ["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE": Self.types + "jwt"]
        let result = try await agent.helper("google", "work", changes: jwt)
        #expect(result.output.contains(#""id_token":"AT1","expiration_time":2000000000"#), "\(result.output)")
        let refused = try await agent.helper("google", "work")
        #expect(
            refused.output.contains(#""success":false,"code":"no_id_token","message":"there is none: log in again""#))
    }

    @Test("google: each failure is JSON with code and message, with exit code 0 and nothing on standard error")
    func googleFailures() async throws {
        struct Reply: Decodable {
            var version: Int
            var success: Bool
            var code: String
            var message: String
        }
        let agent = try HelperAgent { _ in .loginRequired }
        let revoke = ["GOOGLE_EXTERNAL_ACCOUNT_REVOKE": "1"]
        let saml = ["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE": Self.types + "saml2"]
        for (arguments, changes, code) in [
            (["work"], [:], "login_required"), (["work"], revoke, "failed"), (["work"], saml, "failed"),
            (["a/b"], [:], "failed"), ([], [:], "failed"), (["work", "more"], [:], "failed"),
        ] as [([String], [String: String], String)] {
            let result = try await ChildProcess.run(
                try BuildProducts.path("authagent"), ["helper", "google"] + arguments,
                environment: agent.environment.merging(changes) { $1 })
            #expect(result.status == 0 && result.errors == "")
            let reply = try JSONDecoder().decode(Reply.self, from: Data(result.output.utf8))
            #expect(reply.version == 1 && !reply.success && reply.code == code && !reply.message.isEmpty)
        }
    }

    @Test("mcp: the header for the account that is named or has the server's URL, within the client's 10 seconds")
    func mcp() async throws {
        let agent = try HelperAgent()
        let url = ["CLAUDE_CODE_MCP_SERVER_URL": "https://git.example.com/mcp?x=1", "CLAUDE_CODE_MCP_SERVER_NAME": "s"]
        let found = try await agent.helper("mcp", changes: url)
        #expect(found.output == #"{"Authorization":"Bearer AT1"}"# + "\n" && found.status == 0 && found.errors == "")
        #expect(agent.requests.last == "GET /v1/token?url=https%3A%2F%2Fgit.example.com%2Fmcp&min_valid=300&wait=8")
        #expect(try await agent.helper("mcp", "work", changes: url).output == found.output)
        #expect(agent.requests.last == "GET /v1/accounts/work/token?min_valid=300&wait=8")
        let nothing = try await agent.helper("mcp")
        #expect(nothing.status == 2 && nothing.output == "" && nothing.errors.contains("CLAUDE_CODE_MCP_SERVER_URL"))
        let needed = try await HelperAgent { _ in .loginRequired }.helper("mcp", "work")
        #expect(needed.status == 3 && needed.output == "" && needed.errors.contains("authagent login work"))
    }

    @Test("sasl: the bytes of both mechanisms, with the user name's escapes in OAUTHBEARER")
    func sasl() async throws {
        let agent = try HelperAgent()
        for (arguments, bytes) in [
            (["--mechanism", "XOAUTH2", "--user", "a=b,c@x"], "user=a=b,c@x\u{1}auth=Bearer AT1\u{1}\u{1}"),
            (["--mechanism=OAUTHBEARER", "--user=a=b,c@x"], "n,a=a=3Db=2Cc@x,\u{1}auth=Bearer AT1\u{1}\u{1}"),
            (
                ["--port", "993", "--host", "h", "--user", "ü", "--mechanism", "oauthbearer"],
                "n,a=ü,\u{1}host=h\u{1}port=993\u{1}auth=Bearer AT1\u{1}\u{1}"
            ),
        ] {
            let result = try await ChildProcess.run(
                try BuildProducts.path("authagent"), ["helper", "sasl", "work"] + arguments,
                environment: agent.environment)
            #expect(result.status == 0 && result.errors == "" && result.lines.count == 1, "\(result.errors)")
            #expect(Data(base64Encoded: result.lines.first ?? "") == Data(bytes.utf8), "\(arguments)")
        }
    }

    @Test(
        "sasl: what is missing, unknown or would end a field is refused before the agent is asked",
        arguments: [
            [], ["work"], ["work", "--user", "u"], ["work", "--mechanism", "XOAUTH2"],
            ["work", "--mechanism", "PLAIN", "--user", "u"], ["work", "--mechanism", "XOAUTH2", "--user", "u\u{1}x"],
            ["work", "--mechanism", "XOAUTH2", "--user"], ["work", "--mechanism", "XOAUTH2", "--user", ""],
            ["work", "--mechanism", "OAUTHBEARER", "--user", "u", "--port", "9x"],
            ["work", "--mechanism", "OAUTHBEARER", "--user", "u", "--host", "a\nb"],
            ["work", "more", "--mechanism", "XOAUTH2", "--user", "u"],
            ["--frob", "--mechanism", "XOAUTH2", "--user", "u"],
        ])
    func saslMisuse(arguments: [String]) async throws {
        let agent = try HelperAgent()
        let result = try await ChildProcess.run(
            try BuildProducts.path("authagent"), ["helper", "sasl"] + arguments, environment: agent.environment)
        #expect(result.status == 2 && result.output == "" && result.errors != "")
        #expect(agent.requests.isEmpty)
    }
}
