import TestSupport
import Testing

/// `docker-credential-authagent` as docker, podman and skopeo call it.
@Suite(.timeLimit(.minutes(5)))
struct DockerHelperTests {
    @Test("get prints server, user and token for a registry by its name, by its URL, and for Docker Hub")
    func get() async throws {
        let agent = try HelperAgent()
        for (server, url) in [
            ("registry.example.com", "https%3A%2F%2Fregistry.example.com%2F"),
            ("registry.example.com\n", "https%3A%2F%2Fregistry.example.com%2F"),
            ("registry.example.com:5000/team", "https%3A%2F%2Fregistry.example.com%3A5000%2Fteam"),
            ("https://registry.example.com/v2/", "https%3A%2F%2Fregistry.example.com%2Fv2%2F"),
            ("http://127.0.0.1:5000/registry.example.com", "http%3A%2F%2F127.0.0.1%3A5000%2Fregistry.example.com"),
            ("https://index.docker.io/v1/", "https%3A%2F%2Findex.docker.io%2Fv1%2F"),
            ("docker.io", "https%3A%2F%2Findex.docker.io%2Fv1%2F"),
        ] {
            let result = try await agent.run("docker-credential-authagent", "get", input: server)
            let name = server.split(separator: "\n")[0]
            #expect(result.output == #"{"ServerURL":"\#(name)","Username":"oauth2","Secret":"AT1"}"# + "\n")
            #expect(result.status == 0 && result.errors == "")
            #expect(agent.requests.last == "GET /v1/token?url=\(url)")
        }
    }

    @Test("the account's registry_username is used, but never the one that makes docker send a refresh token")
    func username() async throws {
        for (name, status) in [("oauth2accesstoken", 0), ("<token>", 1), ("\\u003ctoken>", 1)] as [(String, Int32)] {
            let agent = try HelperAgent { _ in
                HelperAgent.Reply(
                    status: 200, json: HelperAgent.token(1, more: "\"registry_username\":\"\(name)\","))
            }
            let result = try await agent.helper("docker", "get", input: "registry.example.com")
            #expect(result.status == status)
            #expect(result.output.contains("AT1") == (status == 0), "\(result.output)")
            if status == 0 { #expect(result.output.contains("\"Username\":\"\(name)\"")) }
        }
    }

    @Test("a registry without an account is unknown in docker's own words; other failures are text on standard output")
    func failures() async throws {
        let agent = try HelperAgent()
        let unknown = try await agent.helper("docker", "get", input: "https://other.example/")
        #expect(unknown.status == 1 && unknown.errors == "")
        #expect(unknown.output == "credentials not found in native keychain\n")
        for input in ["", " \n"] {
            let empty = try await agent.helper("docker", "get", input: input)
            #expect(empty.status == 1 && empty.output == "no credentials server URL\n")
        }
        let needed = try HelperAgent { _ in .loginRequired }
        let login = try await needed.helper("docker", "get", input: "registry.example.com")
        #expect(login.status == 1 && login.errors == "")
        #expect(login.output == "no login for 'work': run 'authagent login work'\n")
        let store = try await agent.helper("docker", "store", input: #"{"ServerURL":"x","Secret":"s"}"#)
        #expect(store.status == 1 && store.errors == "" && store.output.contains("authagent login"))
        for arguments in [["frob"], [], ["get", "more"]] {
            let result = try await ChildProcess.run(
                try BuildProducts.path("authagent"), ["helper", "docker"] + arguments, environment: agent.environment)
            #expect(result.status == 1 && result.errors == "" && result.lines.count == 1, "\(arguments)")
        }
    }

    @Test("erase reports a refusal in silence, list names the accounts' URLs, version prints one line")
    func others() async throws {
        let agent = try HelperAgent()
        let erase = try await agent.helper("docker", "erase", input: "registry.example.com")
        #expect(erase.status == 0 && erase.output == "" && erase.errors == "")
        #expect(agent.requests.last?.hasPrefix("POST /v1/accounts/work/token/rejected ") == true)
        #expect(agent.requests.last?.contains("token_sha256") == false)
        let unknown = try await agent.helper("docker", "erase", input: "other.example")
        #expect(unknown.status == 0 && unknown.output == "" && unknown.errors == "")

        let list = try await agent.helper("docker", "list", input: "unused")
        #expect(list.status == 0 && list.errors == "")
        #expect(
            list.output
                == #"{"https://git.example.com/team/":"oauth2","https://registry.example.com":"oauth2"}"# + "\n")
        let version = try await agent.helper("docker", "version")
        #expect(version.status == 0 && version.lines.count == 1)
    }
}
