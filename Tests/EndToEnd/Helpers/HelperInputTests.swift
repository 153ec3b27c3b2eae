import Foundation
import TestSupport
import Testing

/// What no contract allows, for every helper that reads something: bounded, refused, and nothing of it in the output.
@Suite(.timeLimit(.minutes(5)))
struct HelperInputTests {
    static let readers = [
        ["git", "get"], ["git", "store"], ["git", "erase"], ["docker", "get"], ["docker", "erase"],
        ["docker", "store"],
        ["docker", "list"], ["generic", "get"], ["cargo", "--cargo-plugin"], ["terraform", "store", "x"],
    ]

    private func run(
        _ agent: HelperAgent, _ arguments: [String], input: String? = "", shell: String? = nil
    ) async throws -> ChildProcess.Result {
        let program = try BuildProducts.path("authagent")
        guard let shell else {
            return try await ChildProcess.run(
                program, ["helper"] + arguments, environment: agent.environment, input: input ?? "")
        }
        return try await ChildProcess(
            "/bin/sh", ["-c", "\"$@\" \(shell)", "sh", program, "helper"] + arguments, environment: agent.environment
        ).result()
    }

    @Test("100 KB on standard input are refused with the limit, and nothing is asked of the agent", arguments: readers)
    func long(arguments: [String]) async throws {
        let agent = try HelperAgent()
        for input in [
            String(repeating: "a", count: 100_000), "host=" + String(repeating: "a", count: 100_000),
            "{\"uri\":\"" + String(repeating: "a", count: 100_000),
        ] {
            let result = try await run(agent, arguments, input: input)
            #expect(result.status == 1, "\(arguments)")
            #expect((result.output + result.errors).contains("65536 bytes"), "\(result.output)\(result.errors)")
            #expect(result.output.count < 300 && result.errors.count < 300)
        }
        #expect(agent.requests.isEmpty)
    }

    @Test(
        "a NUL or a line without '=' in git's input is an error with one line, in every operation",
        arguments: ["get", "store", "erase"])
    func git(operation: String) async throws {
        let agent = try HelperAgent()
        for input in [
            "protocol=https\nhost=git.example.com\0x\n", "protocol=https\nnonsense\nhost=git.example.com\n", "\u{1}\n",
        ] {
            let result = try await run(agent, ["git", operation], input: input)
            #expect(result.status == 1 && result.output == "")
            #expect(result.errors.hasPrefix("authagent: error: the input of git has "), "\(result.errors)")
        }
        #expect(agent.requests.isEmpty)
    }

    @Test("nothing that git sends is in the output, whatever it is")
    func injection() async throws {
        let agent = try HelperAgent()
        for value in ["evil\rpassword=x", "\"}\u{1B}[31m", "quit=1", "a%0aquit=1", "évil"] {
            let input = "protocol=https\nhost=git.example.com\npath=\(value)\nusername=\(value)\nwwwauth[]=\(value)\n"
            let result = try await run(agent, ["git", "get"], input: input)
            #expect(result.output == "username=oauth2\npassword=AT1\npassword_expiry_utc=2000000000\n")
            #expect(result.errors == "")
        }
    }

    @Test("standard input that is closed is an empty one; closed or full standard output is an error")
    func descriptors() async throws {
        let agent = try HelperAgent()
        for arguments in Self.readers {
            let result = try await run(agent, arguments, shell: "<&-")
            #expect(result.status < 3 && !result.output.contains("AT1"), "\(arguments)")
        }
        for arguments in [
            ["kubectl", "work"], ["mcp", "work"], ["google", "work"], ["terraform", "get", "git.example.com"],
        ] {
            for redirection in [">&-", ">/dev/full"] {
                let result = try await run(agent, arguments, shell: redirection)
                #expect(result.status == 1 && result.output == "", "\(arguments)")
                #expect(result.errors.contains("cannot write the result"), "\(result.errors)")
            }
        }
    }

    @Test("a token or user name that would end a line, a header or a text is not passed on")
    func hostileReply() async throws {
        for token in ["a b", "a\\nb", "a\\r", "a\\u0000b", "\\u00e9", "", "\\ud800"] {
            let agent = try HelperAgent { _ in
                HelperAgent.Reply(
                    status: 200,
                    json: #"{"access_token":"\#(token)","account":"work","scope":"","token_type":"Bearer"}"#)
            }
            for arguments in [["git", "get"], ["kubectl", "work"], ["mcp", "work"], ["docker", "get"]] {
                let input = arguments[0] == "git" ? "protocol=https\nhost=git.example.com\n" : "git.example.com"
                let result = try await run(agent, arguments, input: input)
                #expect(result.status != 0 && !result.output.contains("access") && !result.output.contains("a\nb"))
            }
        }
        let agent = try HelperAgent { _ in
            HelperAgent.Reply(
                status: 200, json: HelperAgent.token(1, more: #""git_username":"a\nquit=1","#))
        }
        let result = try await run(agent, ["git", "get"], input: "protocol=https\nhost=git.example.com\n")
        #expect(result.output.hasPrefix("username=oauth2\n") && !result.output.contains("quit"))
    }

    @Test("a reply that is not one, and an agent that hangs up, are errors for each helper")
    func brokenAgent() async throws {
        for reply in ["", "x", "[]", "{", #"{"access_token":1}"#] {
            let agent = try HelperAgent { _ in HelperAgent.Reply(status: 200, json: reply) }
            let result = try await run(agent, ["kubectl", "work"])
            #expect(result.status == 4 && result.output == "", "\(reply)")
            #expect(result.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("help for helpers, and an error for one that does not exist")
    func help() async throws {
        let agent = try HelperAgent()
        for arguments in [["--help"], ["git", "--help"], ["kubectl", "-h"]] {
            let result = try await run(agent, arguments)
            #expect(result.status == 0 && result.errors == "")
            #expect(result.output.contains("USAGE: authagent helper <name>"), "\(result.output)")
        }
        for arguments in [["frob"], []] {
            let result = try await run(agent, arguments)
            #expect(result.status == 2 && result.output == "", "\(arguments)")
        }
    }
}
