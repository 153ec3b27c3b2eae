import Foundation
import TestSupport
import Testing

/// The helpers of build tools and package managers: generic, cargo, Go, Terraform and Python's keyring.
@Suite(.timeLimit(.minutes(5)))
struct PackageHelperTests {
    private static let login = "authagent: error: no login for 'work': run 'authagent login work'\n"

    @Test("generic: a URI gets a header and its end; one without an account is an error")
    func generic() async throws {
        let agent = try HelperAgent()
        let request = #"{"uri":"https://git.example.com/a?b#c","other":[1]}"#
        let result = try await agent.helper("generic", "get", input: request)
        #expect(
            result.output
                == #"{"headers":{"Authorization":["Bearer AT1"]},"expires":"2033-05-18T03:33:20Z"}"# + "\n")
        #expect(result.status == 0 && result.errors == "")
        #expect(agent.requests == ["GET /v1/token?url=https%3A%2F%2Fgit.example.com%2Fa"])
        let unknown = try await agent.helper("generic", "get", input: #"{"uri":"https://other.example/"}"#)
        #expect(unknown.status == 1 && unknown.output == "" && unknown.errors.contains("no account has the URL"))
        for input in ["", "{}", "x", #"{"uri":1}"#, #"{"uri":""}"#, #"{"uri":"https://git.example.com/\n"}"#] {
            let result = try await agent.helper("generic", "get", input: input)
            #expect(result.status == 1 && result.output == "" && result.errors != "", "\(input)")
        }
        #expect(try await agent.helper("generic", "set", input: request).status == 2)
        let needed = try await HelperAgent { _ in .loginRequired }.helper("generic", "get", input: request)
        #expect(needed.status == 3 && needed.output == "" && needed.errors == Self.login)
    }

    @Test("cargo: the helper speaks first, then answers each line until the input ends")
    func cargo() async throws {
        let agent = try HelperAgent()
        let requests = [
            #"{"v":1,"registry":{"index-url":"sparse+https://git.example.com/x/","name":"a"},"kind":"get","operation":"read","args":[]}"#,
            #"{"v":1,"registry":{"index-url":"https://git.example.com/x"},"kind":"get","operation":"publish","name":"p","vers":"1","cksum":"c","args":["--bare"]}"#,
            #"{"v":1,"registry":{"index-url":"https://other.example/"},"kind":"get","operation":"read"}"#,
            #"{"v":1,"registry":{"index-url":"https://git.example.com/"},"kind":"login","login-url":"x"}"#,
            #"{"v":1,"registry":{"index-url":"https://git.example.com/"},"kind":"logout"}"#,
            #"{"v":1,"registry":{"index-url":"https://git.example.com/"},"kind":"later"}"#,
            #"{"v":2,"registry":{"index-url":"https://git.example.com/"},"kind":"get"}"#, "nonsense",
            #"{"v":1,"kind":"get"}"#,
        ]
        let input = requests.joined(separator: "\n")
        let result = try await agent.run("cargo-credential-authagent", "--cargo-plugin", input: input)
        #expect(result.status == 0 && result.errors == "")
        let lines = result.lines
        try #require(lines.count == 10, "\(lines)")
        #expect(lines[0] == #"{"v":[1]}"#)
        let end = #""cache":"expires","expiration":2000000000,"operation_independent":true}}"#
        #expect(lines[1] == #"{"Ok":{"kind":"get","token":"Bearer AT1","# + end)
        #expect(lines[2] == #"{"Ok":{"kind":"get","token":"AT1","# + end)
        #expect(lines[3] == #"{"Err":{"kind":"url-not-supported"}}"#)
        for line in lines[4...6] { #expect(line == #"{"Err":{"kind":"operation-not-supported"}}"#) }
        #expect(lines[7] == #"{"Err":{"kind":"other","message":"unsupported protocol version 2"}}"#)
        for line in lines[8...9] { #expect(line.hasPrefix(#"{"Err":{"kind":"other","message":"#)) }
        #expect(
            agent.requests.prefix(2).map { $0.suffix(21) }
                == ["git.example.com%2Fx%2F", "it.example.com%2Fx"].map { $0.suffix(21) } || agent.requests.count == 3)
        let needed = try await HelperAgent { _ in .loginRequired }.helper("cargo", "--cargo-plugin", input: requests[0])
        #expect(needed.status == 0 && needed.errors == "")
        #expect(
            needed.lines.last
                == #"{"Err":{"kind":"other","message":"no login for 'work': run 'authagent login work'"}}"#)
        #expect(try await agent.helper("cargo", "--frob").status == 2)
    }

    @Test("cargo: the first line comes before any request, and a token without an expiry is kept for the session")
    func cargoOrder() async throws {
        let agent = try HelperAgent { _ in
            HelperAgent.Reply(status: 200, json: #"{"access_token":"a\"b","token_type":"Bearer","scope":""}"#)
        }
        let cargo = try ChildProcess(
            try BuildProducts.path("authagent"), ["helper", "cargo", "--cargo-plugin"],
            environment: agent.environment, input: nil)
        #expect(await cargo.line() == #"{"v":[1]}"#)
        cargo.write(#"{"v":1,"registry":{"index-url":"https://git.example.com/"},"kind":"get"}"# + "\n")
        #expect(
            await cargo.line(beginning: #"{"Ok"#)
                == #"{"Ok":{"kind":"get","token":"Bearer a\"b","cache":"session","operation_independent":true}}"#)
        cargo.closeInput()
        #expect(await cargo.result().status == 0)
    }

    @Test("Go: first the https URLs whose tokens are in memory, then the prefix of one that was refused")
    func go() async throws {
        let agent = try HelperAgent()
        let first = try await agent.helper("go")
        let header = "Authorization: Bearer AT1\n\n"
        #expect(
            first.output
                == "https://git.example.com/team\n\n\(header)https://registry.example.com\n\n\(header)")
        #expect(first.status == 0 && first.errors == "")
        #expect(agent.requests.dropFirst().allSatisfy { $0.hasSuffix("&wait=0") })
        let url = "https://git.example.com/team/m/@v/list?x=y"
        for (response, number) in [
            ("HTTP/1.1 404 Not Found\nA: b\n\n", 1), ("HTTP/2.0 401 Unauthorized\n\n", 2), ("", 2),
        ] {
            let result = try await agent.helper("go", url, input: response)
            #expect(result.output == "https://git.example.com/team\n\nAuthorization: Bearer AT\(number)\n\n")
            #expect(result.status == 0 && result.errors == "")
        }
        let long = "HTTP/1.1 403 Forbidden\n" + String(repeating: "X: y\n", count: 10_000)
        #expect(try await agent.helper("go", url, input: long).status == 0)
        let unknown = try await agent.helper("go", "https://other.example/x")
        #expect(unknown.status == 1 && unknown.output == "")
        #expect(try await agent.helper("go", "http://git.example.com/x").status == 2)
        #expect(try await agent.helper("go", url, "more").status == 2)
        let needed = try await HelperAgent { _ in .loginRequired }.helper("go", url)
        #expect(needed.status == 3 && needed.output == "" && needed.errors == Self.login)
    }

    @Test("Terraform: a token, an empty object for a host without account, an error that says what to run")
    func terraform() async throws {
        let agent = try HelperAgent()
        let result = try await agent.run("terraform-credentials-authagent", "some", "get", "git.example.com")
        #expect(result.output == #"{"token":"AT1"}"# + "\n" && result.status == 0 && result.errors == "")
        let unknown = try await agent.helper("terraform", "get", "other.example")
        #expect(unknown.output == "{}\n" && unknown.status == 0 && unknown.errors == "")
        let needed = try await HelperAgent { _ in .loginRequired }.helper("terraform", "get", "git.example.com")
        #expect(needed.status == 3 && needed.output == "" && needed.errors == Self.login)
        for arguments in [["store", "git.example.com"], ["forget", "git.example.com"], ["frob", "x"], ["get"], []] {
            let result = try await ChildProcess.run(
                try BuildProducts.path("authagent"), ["helper", "terraform"] + arguments,
                environment: agent.environment, input: #"{"token":"t"}"#)
            #expect(result.status != 0 && result.output == "" && result.errors != "", "\(arguments)")
        }
    }

    @Test("keyring: as pip and uv call it, with options before and after the verb")
    func keyring() async throws {
        let agent = try HelperAgent()
        let (host, url) = ("git.example.com", "https://git.example.com/simple/")
        for (arguments, output) in [
            (["--mode=creds", "--output=json", "get", url], #"{"username":"oauth2","password":"AT1"}"#),
            (["--mode=creds", "--output=json", "get", host, "me"], #"{"username":"me","password":"AT1"}"#),
            (["get", url, "me"], "AT1"), (["get", host, "--mode", "creds"], "oauth2\nAT1"),
            (["get", "--mode", "password", "--output", "json", host, "me"], #"{"password":"AT1"}"#),
            (["-b", "x.y", "--keyring-path", "/x", "get", host, "me"], "AT1"),
        ] {
            let result = try await ChildProcess.run(
                agent.files.path + "/bin/keyring", arguments, environment: agent.environment)
            #expect(result.output == output + "\n", "\(arguments)")
            #expect(result.status == 0 && result.errors == "")
        }
        let unknown = try await agent.run("keyring", "--mode=creds", "--output=json", "get", "https://other.example/")
        #expect(unknown.status == 1 && unknown.output == "" && unknown.errors.contains("no account has the URL"))
        let needed = try await HelperAgent { _ in .loginRequired }.run("keyring", "get", url, "me")
        #expect(needed.status == 3 && needed.output == "" && needed.errors == Self.login)
        for arguments in [
            ["set", host, "me"], ["del", host, "me"], ["get"], ["diagnose"], ["--mode", "x", "get", host], ["--frob"],
            ["get", host, "me", "more"], ["get", host, "m\ne"], [],
        ] {
            let result = try await ChildProcess.run(
                agent.files.path + "/bin/keyring", arguments, environment: agent.environment)
            #expect(result.status != 0 && result.output == "" && result.errors != "", "\(arguments)")
        }
    }

    @Test("keyring: of two accounts with a URL the user name selects one")
    func keyringUser() async throws {
        let agent = try HelperAgent { request in
            request.contains("username=me")
                ? nil : .problem(409, "ambiguous_account", "'a' and 'b' have the URL", hint: "give a user name")
        }
        #expect(try await agent.run("keyring", "get", "git.example.com", "me").output == "AT1\n")
        #expect(agent.requests.count == 2)
        let other = try await agent.run("keyring", "get", "git.example.com")
        #expect(other.status == 1 && other.output == "" && other.errors.contains("give a user name"))
    }
}
