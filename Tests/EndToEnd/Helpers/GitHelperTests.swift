import Foundation
import TestSupport
import Testing

/// `authagent helper git` as git calls it: git's own words in and out (git-credential(1)).
@Suite(.timeLimit(.minutes(5)))
struct GitHelperTests {
    private static let host = "protocol=https\nhost=git.example.com\n"

    @Test("git before 2.46 gets a user name, the token as password, and its expiry")
    func basic() async throws {
        let agent = try HelperAgent()
        for end in ["", "\n"] {
            let result = try await agent.helper("git", "get", input: Self.host + end)
            #expect(result.status == 0 && result.errors == "")
            #expect(result.output == "username=oauth2\npassword=AT1\npassword_expiry_utc=2000000000\n")
        }
        #expect(agent.requests.allSatisfy { $0 == "GET /v1/token?url=https%3A%2F%2Fgit.example.com%2F" })
    }

    @Test("git from 2.46 on gets a Bearer token that it does not keep, unless the server offers Basic alone")
    func bearer() async throws {
        let agent = try HelperAgent()
        let capability = "capability[]=authtype\ncapability[]=state\n"
        let bearer =
            "capability[]=authtype\nauthtype=Bearer\ncredential=AT1\nephemeral=1\npassword_expiry_utc=2000000000\n"
        let basic = "username=oauth2\npassword=AT1\npassword_expiry_utc=2000000000\n"
        let cases = [
            (capability + Self.host, bearer),
            (capability + Self.host + "wwwauth[]=Bearer realm=\"x\"\n", bearer),
            (capability + Self.host + "wwwauth[]=Basic realm=\"GitLab\"\n", basic),
            (capability + Self.host + "wwwauth[]=basic realm=\"a, b\", BEARER realm=\"x\"\n", bearer),
            (capability + Self.host + "wwwauth[]=Basic realm=\"x\"\nwwwauth[]=Bearer\n", bearer),
            (capability + Self.host + "wwwauth[]=Basic realm=\"x\"\nwwwauth[]=\n", bearer),
            ("capability[]=authtype\ncapability[]=\n" + Self.host, basic),
            ("capability[]=state\n" + Self.host, basic),
            (Self.host + "wwwauth[]=Bearer\n", basic),
        ]
        for (input, output) in cases {
            let result = try await agent.helper("git", "get", input: input)
            #expect(result.output == output, "\(input)")
            #expect(result.status == 0 && result.errors == "")
        }
    }

    @Test("the account's own user name is used; path and user name of git select the account, percent-encoded")
    func selection() async throws {
        let agent = try HelperAgent { request in
            guard request.contains("example.com") else { return nil }
            return HelperAgent.Reply(
                status: 200, json: HelperAgent.token(1, more: #""git_username":"x-token-auth","#))
        }
        let input = Self.host + "path=team/a b?c#d%e.git\nusername=x y&z\n"
        let result = try await agent.helper("git", "get", input: input)
        #expect(result.output.hasPrefix("username=x-token-auth\npassword=AT1\n"), "\(result.output)")
        #expect(
            agent.requests == [
                "GET /v1/token?url=https%3A%2F%2Fgit.example.com%2Fteam%2Fa%2520b%253Fc%2523d%2525e.git"
                    + "&username=x%20y%26z"
            ])
    }

    @Test(
        "for a host without an account, another protocol or a host that is not one, git asks elsewhere",
        arguments: [
            "protocol=https\nhost=other.example\n", "protocol=cert\npath=/home/me/key\n", "protocol=ssh\nhost=x\n",
            "protocol=imaps\nhost=git.example.com\n", "", "\n", "protocol=https\n", "host=git.example.com\n",
            "protocol=https\nhost=git.example.com/other\n", "protocol=https\nhost=a@git.example.com\n",
            "protocol=https\nhost=git.example.com?x\n", "protocol=https\nhost=git.example.com#x\n",
            "protocol=https\nhost=git.example.com%2f\n", "protocol=https\nhost=git.example.com\\x\n",
            "protocol=https\nhost=git.example.com\r\n",
        ])
    func notOurs(input: String) async throws {
        let agent = try HelperAgent()
        let result = try await agent.helper("git", "get", input: input)
        #expect(result.status == 0 && result.output == "" && result.errors == "", "\(result)")
    }

    @Test("if a login is needed git is told to quit, with one line that says what to do")
    func loginRequired() async throws {
        let agent = try HelperAgent { _ in .loginRequired }
        let result = try await agent.helper("git", "get", input: Self.host)
        #expect(result.status == 3)
        #expect(result.output == "quit=1\n")
        #expect(result.errors == "authagent: error: no login for 'work': run 'authagent login work'\n")
    }

    @Test(
        "git is told to quit if the host is ours and no token comes, and not if that is unknown",
        arguments: [
            (423, "locked", true), (503, "provider_unreachable", true), (409, "ambiguous_account", true),
            (403, "forbidden", true), (504, "timeout", true), (400, "bad_request", false),
            (500, "internal_error", false), (404, "not_found", false),
        ])
    func quit(status: Int, code: String, isQuit: Bool) async throws {
        let agent = try HelperAgent { _ in .problem(status, code, "it is so", hint: "do this") }
        let result = try await agent.helper("git", "get", input: Self.host)
        #expect(result.output == (isQuit ? "quit=1\n" : ""))
        #expect(result.errors == "authagent: error: it is so: do this\n")
        #expect(result.status != 0)
    }

    @Test("capability prints what git asks for; an operation of a later git is ignored in silence")
    func operations() async throws {
        let agent = try HelperAgent()
        let capability = try await agent.helper("git", "capability")
        #expect(capability.output == "version 0\ncapability authtype\n")
        for operation in ["later", "--later", "get "] {
            let result = try await agent.helper("git", operation, input: Self.host)
            #expect(result.status == 0 && result.output == "" && result.errors == "")
        }
        #expect(agent.requests.isEmpty)
    }

    @Test("erase names the refused password or credential by its digest, in silence")
    func erase() async throws {
        let agent = try HelperAgent()
        let digest = "e22d8747e6fdb9b6cbdc94ab06025b2aa441bae22fbf1fafeff082ec5bf6cadf"
        for secret in ["username=oauth2\npassword=AT1\n", "authtype=Bearer\ncredential=AT1\n"] {
            let result = try await agent.helper("git", "erase", input: Self.host + secret)
            #expect(result.status == 0 && result.output == "" && result.errors == "", "\(result)")
        }
        #expect(agent.requests.count == 4)
        #expect(agent.requests[0] == "GET /v1/url?url=https%3A%2F%2Fgit.example.com%2F&username=oauth2")
        for request in [agent.requests[1], agent.requests[3]] {
            #expect(request.hasPrefix("POST /v1/accounts/work/token/rejected "))
            #expect(request.contains(#""token_sha256":"\#(digest)""#), "\(request)")
        }
        for input in [Self.host, "protocol=https\nhost=other.example\npassword=x\n"] {
            let result = try await agent.helper("git", "erase", input: input)
            #expect(result.status == 0 && result.output == "" && result.errors == "")
        }
        #expect(agent.requests.count == 5)
    }

    @Test("real git gets the token from the link, and passes on what a server has refused")
    func realGit() async throws {
        let agent = try HelperAgent()
        try agent.files.file(
            ".gitconfig", "[credential \"https://git.example.com\"]\n\thelper =\n\thelper = authagent\n")
        let filled = try await agent.run("git", "credential", "fill", input: Self.host + "\n")
        #expect(filled.status == 0, "\(filled.errors)")
        #expect(filled.lines.contains("password=AT1") && filled.lines.contains("username=oauth2"))
        let refused = filled.output + "\n"
        let rejected = try await agent.run("git", "credential", "reject", input: refused)
        #expect(rejected.status == 0 && rejected.errors == "", "\(rejected.errors)")
        let again = try await agent.run("git", "credential", "fill", input: Self.host + "\n")
        #expect(again.lines.contains("password=AT2"))
        let other = try await agent.run("git", "credential", "fill", input: "protocol=https\nhost=other.example\n\n")
        #expect(other.status != 0 && !other.errors.contains("quit"), "\(other.errors)")
    }

    @Test("real git stops with the helper's line if a login is needed, and asks the user for nothing")
    func realQuit() async throws {
        let agent = try HelperAgent { _ in .loginRequired }
        try agent.files.file(".gitconfig", "[credential]\n\thelper = authagent\n")
        let result = try await agent.run("git", "credential", "fill", input: Self.host + "\n")
        #expect(result.status != 0 && result.output == "")
        #expect(result.errors.contains("authagent: error: no login for 'work': run 'authagent login work'\n"))
        #expect(result.errors.contains("quit"), "\(result.errors)")
        #expect(!result.errors.contains("terminal prompts disabled"))
    }
}
