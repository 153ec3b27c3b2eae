import Foundation
import TestSupport
import Testing

/// The set-up as the real programs see it.
@Suite(.timeLimit(.minutes(5)))
struct SetupProgramTests {
    /// Prints a credential, and notes what it was started with.
    private static let gitHelper = """
        { echo "$1"; cat; } >>"$HOME/asked"
        test "$1" = get && printf 'username=u\\npassword=p\\n'
        """

    @Test("git asks our helper alone below the URL, with the path; elsewhere it asks the others")
    func git() async throws {
        let place = try SetupHome()
        let git = try MissingProgram.require("git", package: "git")
        try place.script("git-credential-authagent", Self.gitHelper)
        // A file that is included has a helper that stores, for all hosts and for ours.
        try place.file(
            "included",
            "[credential]\n\thelper = store --file=stored\n[credential \"https://git.example.com\"]\n\thelper = store\n"
        )
        try place.file(".gitconfig", "[include]\n\tpath = included\n")
        let variables = ["GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"]
        #expect(try await place.setup(["git", "--write"], variables).status == 0)
        #expect(try place.text(".gitconfig").contains("\thelper = authagent\n"))

        func matching(_ url: String) async throws -> [String] {
            try await place.run(git, ["config", "--get-urlmatch", "credential", url], variables).lines
        }
        let ours = try await matching("https://git.example.com/team/app.git")
        #expect(ours.contains("credential.helper authagent") && ours.contains("credential.usehttppath true"))
        #expect(try await !matching("https://git.example.com/other.git").joined().contains("authagent"))

        let request = "protocol=https\nhost=git.example.com\npath=team/app.git\n\n"
        let filled = try await place.run(git, ["credential", "fill"], variables, input: request)
        #expect(filled.lines.contains("password=p"), "\(filled.output)\(filled.errors)")
        #expect(try place.text("asked").contains("path=team/app.git"))
        let approved = try await place.run(git, ["credential", "approve"], variables, input: filled.output)
        #expect(approved.status == 0)
        #expect(try place.text("asked").contains("store\n"))
        #expect(!FileManager.default.fileExists(atPath: place.path + "/.git-credentials"))

        let other = request.replacing("team/", with: "other/")
        #expect(try await place.run(git, ["credential", "fill"], variables, input: other).status != 0)
    }

    @Test("a URL without a path is for the whole host, and its repositories share a credential")
    func gitHost() async throws {
        let place = try SetupHome([("work", ["https://git.example.com"])])
        let git = try MissingProgram.require("git", package: "git")
        #expect(try await place.setup("git", "--write").status == 0)
        let result = try await place.run(
            git, ["config", "--get-urlmatch", "credential", "https://git.example.com/a/b"])
        #expect(result.output.contains("/authagent helper git\n") && !result.output.contains("usehttppath"))
    }

    @Test("the URLs are those of the account file, before the first login as well")
    func accountFile() async throws {
        let home = try AgentHome()
        try home.files.directory("config/authagent/accounts")
        try home.files.file(
            "config/authagent/accounts/work.toml",
            "issuer = \"https://id.example.com\"\nclient_id = \"tv\"\nurls = [\"https://GIT.example.com:443/team\"]\n")
        let result = try await home.authagent("setup", "git", "--write")
        #expect(result.status == 0, "\(result.errors)\(home.log)")
        let text = try String(contentsOfFile: home.files.path + "/.gitconfig", encoding: .utf8)
        #expect(text.contains("[credential \"https://git.example.com/team"), "\(text)")
    }

    @Test("without git the file gets the lines of its manual, and git reads the same")
    func withoutGit() async throws {
        let place = try SetupHome()
        let git = try MissingProgram.require("git", package: "git")
        #expect(try await place.setup(["git", "--write"], ["PATH": "/nonexistent"]).status == 0)
        let values = try await place.run(
            git, ["config", "--global", "--get-all", "credential.https://git.example.com/team/.helper"])
        #expect(values.lines.last?.hasSuffix("/authagent helper git") == true && values.output.hasPrefix("\n"))
    }

    @Test("kubectl writes its own file, runs the helper from it, and takes it out again")
    func kubectl() async throws {
        let place = try SetupHome()
        let kubectl = try MissingProgram.require("kubectl", package: "kubernetes-client")
        // As kubectl itself writes it.
        for arguments in [
            ["set-cluster", "c", "--server=https://127.0.0.1:1", "--certificate-authority=ca.crt"],
            ["set-credentials", "a", "--client-certificate=a.crt"], ["set-context", "x", "--cluster=c", "--user=a"],
        ] {
            #expect(try await place.run(kubectl, ["config"] + arguments).status == 0)
        }
        let before = try place.contents()
        let written = try await place.setup("kubectl", "--id-token", "--write")
        #expect(written.status == 0, "\(written.errors)")
        let view = try await place.run(
            kubectl, ["config", "view", "--output=jsonpath={.users[?(@.name==\"authagent-work\")].user.exec}"])
        #expect(view.output.contains("/authagent") && view.output.contains("--id-token"), "\(view.output)")
        #expect(try await place.setup("kubectl", "--id-token", "--write").output.contains("# nothing to do"))
        #expect(try await place.setup("kubectl", "--undo", "--write").status == 0)
        #expect(try place.contents() == before)
        let broken = try SetupHome()
        try broken.file(".kube/config", "users: [\n")
        let refused = try await broken.setup("kubectl", "--write")
        #expect(refused.status == 1 && refused.errors.contains("refuses the change"), "\(refused.errors)")
        #expect(try broken.text(".kube/config") == "users: [\n")
    }

    /// Debian's kubectl crashes with each file that it writes.
    @Test(
        "where kubectl crashes the user is added between markers, kubectl reads it, and the file comes back as it was",
        arguments: [
            nil, "", "# mine\napiVersion: v1\nkind: Config\nusers:\n- name: a # x\n  user: {}\ncontexts: []\n",
            "apiVersion: v1\nkind: Config\nusers:\n\n  # c\n  - name: a\n    user:\n      token: c2VjcmV0",
            "---\napiVersion: v1\nkind: Config\nclusters: []\n",
        ])
    func crashingKubectl(text: String?) async throws {
        let place = try SetupHome()
        let kubectl = try MissingProgram.require("kubectl", package: "kubernetes-client")
        try place.script(
            "kubectl", "case $* in *--help) echo usage;; *) echo 'panic: runtime error' >&2; exit 2;; esac")
        if let text { try place.file(".kube/config", text, mode: 0o600) }
        let before = try place.contents()
        let written = try await place.setup("kubectl", "--write")
        #expect(written.status == 0, "\(written.errors)")
        #expect(!written.output.contains("c2VjcmV0") && written.output.contains("v1beta1"))
        #expect(try await place.setup("kubectl", "--write").output.contains("# nothing to do"))
        let view = try await place.run(kubectl, ["config", "view", "--output=jsonpath={.users[*].name}"])
        #expect(view.output.contains("authagent-work"), "\(view.errors)")
        #expect(text?.contains("name: a") != true || view.output.contains("a"))
        #expect(try await place.setup("kubectl", "--undo", "--write").status == 0)
        #expect(try place.contents() == before)
    }

    @Test(
        "a kubeconfig in a form that kubectl does not write is left as it is, if kubectl cannot change it",
        arguments: [
            "{\"users\": []}\n", "users: []\n", "users:\n", "users:\ncontexts:\n- a: b\n", "a: b\n---\nusers:\n- a\n",
            "users:\r\n- a: b\r\n",
        ])
    func otherKubeconfig(text: String) async throws {
        let place = try SetupHome()
        try place.file(".kube/config", text)
        let result = try await place.setup(["kubectl", "--write"], ["PATH": "/nonexistent"])
        #expect(result.status == 1 && result.errors.contains("is not understood"), "\(result.output)\(result.errors)")
        #expect(try place.text(".kube/config") == text)
    }

    @Test("skopeo asks our helper for the registry of the map", arguments: ["docker", "podman"])
    func skopeo(tool: String) async throws {
        let place = try SetupHome([("work", ["https://127.0.0.1:9/"])], links: [])
        let skopeo = try MissingProgram.require("skopeo", package: "skopeo")
        try place.script(
            "docker-credential-authagent",
            "cat >>\"$HOME/asked\"; echo '{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":\"s\"}'")
        #expect(try await place.setup(tool, "--write").status == 0)
        _ = try await place.run(skopeo, ["inspect", "docker://127.0.0.1:9/image"])
        #expect(try place.text("asked").contains("127.0.0.1:9"))
    }

    @Test("Python's reader of configuration files, which pip and the AWS CLI use, reads what is written")
    func configParser() async throws {
        let place = try SetupHome()
        let python = try MissingProgram.require("python3", package: "python3")
        try place.file(".aws/config", "[default]\nregion = eu-west-1\n")
        try place.file("config/pip/pip.conf", "[global]\nindex-url = https://a/simple\n")
        let role = "arn:aws:iam::123456789012:role/dev"
        #expect(try await place.setup("aws", "--role-arn", role, "--write").status == 0)
        #expect(try await place.setup("pip", "--write").status == 0)
        let script = """
            import configparser, sys
            for name, section, key in [
                (".aws/config", "profile work", "credential_process"), (".aws/config", "default", "region"),
                ("config/pip/pip.conf", "global", "keyring-provider"), ("config/pip/pip.conf", "global", "index-url"),
            ]:
                parser = configparser.RawConfigParser()
                parser.read(sys.argv[1] + "/" + name)
                print(parser.get(section, key))
            """
        let lines = try await place.run(python, ["-c", script, place.path]).lines
        #expect(lines.count == 4 && lines.first?.hasSuffix("/authagent helper aws work --role-arn \(role)") == true)
        #expect(lines.dropFirst() == ["eu-west-1", "subprocess", "https://a/simple"])
    }

    @Test("Claude Code's file of a project gets the server, and loses it again")
    func mcp() async throws {
        let place = try SetupHome()
        let text = "{\n  \"mcpServers\": {\n    \"other\": { \"command\": \"x\" }\n  }\n}\n"
        try place.file("project/.mcp.json", text)
        let options = ["mcp", "--program", "claude", "--file", place.path + "/project/.mcp.json", "--server", "tools"]
        #expect(try await place.setup(options + ["--write"]).status == 0)
        let object = try JSONSerialization.jsonObject(with: Data(try place.text("project/.mcp.json").utf8))
        let server = ((object as? [String: Any])?["mcpServers"] as? [String: Any])?["tools"] as? [String: String]
        #expect(server?["url"] == "https://git.example.com/team/" && server?["type"] == "http")
        #expect(server?["headersHelper"]?.hasSuffix("/authagent helper mcp") == true)
        #expect(try await place.setup(options + ["--undo", "--write"]).status == 0)
        #expect(try place.text("project/.mcp.json") == text)
    }
}
