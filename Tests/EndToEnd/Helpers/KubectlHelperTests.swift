import Foundation
import TestSupport
import Testing

/// `authagent helper kubectl` as client-go and the Python client call it.
@Suite(.timeLimit(.minutes(5)))
struct KubectlHelperTests {
    private static let v1 = "client.authentication.k8s.io/v1"
    private static let beta = "client.authentication.k8s.io/v1beta1"

    private static func info(_ version: String, _ spec: String) -> [String: String] {
        ["KUBERNETES_EXEC_INFO": #"{"apiVersion":"\#(version)","kind":"ExecCredential","spec":\#(spec)}"#]
    }

    private static func credential(_ version: String, _ token: String, end: String = "03:33:10") -> String {
        #"{"apiVersion":"\#(version)","kind":"ExecCredential","status":"#
            + #"{"expirationTimestamp":"2033-05-18T\#(end)Z","token":"\#(token)"}}"# + "\n"
    }

    @Test("the reply has the version of the request, and the end 10 s before the token's")
    func versions() async throws {
        let agent = try HelperAgent()
        for (changes, version) in [
            (Self.info(Self.v1, #"{"interactive":false}"#), Self.v1), (Self.info(Self.beta, "{}"), Self.beta),
            ([:], Self.beta),
        ] {
            let result = try await agent.helper("kubectl", "work", changes: changes)
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
            #expect(result.output.contains(#""apiVersion":"\#(version)""#), "\(result.output)")
            #expect(result.output.contains(#""expirationTimestamp":"2033-05-18T03:33:10Z""#))
        }
    }

    @Test("without an argument the cluster's configuration names the account, else its server's URL is looked up")
    func selection() async throws {
        let agent = try HelperAgent()
        let server = #""server":"https://git.example.com:6443/","certificate-authority-data":"eA==""#
        let cases = [
            (#"{"cluster":{\#(server)}}"#, "GET /v1/token?url=https%3A%2F%2Fgit.example.com%3A6443%2F"),
            (#"{"cluster":{\#(server),"config":{"account":"work"}}}"#, "GET /v1/accounts/work/token"),
            (
                #"{"cluster":{\#(server),"config":{"account":"work","audience":"a b"}}}"#,
                "GET /v1/accounts/work/token?audience=a%20b"
            ),
            (
                #"{"cluster":{\#(server),"config":{"audience":"x"}}}"#,
                "GET /v1/token?url=https%3A%2F%2Fgit.example.com%3A6443%2F&audience=x"
            ),
            (
                #"{"cluster":{\#(server),"config":null}}"#,
                "GET /v1/token?url=https%3A%2F%2Fgit.example.com%3A6443%2F"
            ),
        ]
        for (number, (spec, request)) in cases.enumerated() {
            let result = try await agent.helper("kubectl", changes: Self.info(Self.v1, spec))
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
            #expect(agent.requests.filter { !$0.contains("rejected") }.last == request, "\(number)")
        }
        let named = try await agent.helper(
            "kubectl", "work", changes: Self.info(Self.v1, #"{"cluster":{"config":{"account":"other"}}}"#))
        #expect(named.status == 0)
        #expect(agent.requests.last == "GET /v1/accounts/work/token")
    }

    @Test("--id-token gives the ID token and its own expiry, with the account before or after it")
    func idToken() async throws {
        let agent = try HelperAgent()
        for (number, arguments) in [["work", "--id-token"], ["--id-token", "work"]].enumerated() {
            let result = try await agent.helper(
                "kubectl", arguments[0], arguments[1], changes: ["XDG_RUNTIME_DIR": "", "AUTHAGENT_SOCK": agent.socket])
            #expect(result.output == Self.credential(Self.beta, "h.ID1.s", end: "03:34:50"), "\(number)")
        }
        let spec = #"{"cluster":{"config":{"account":"work","audience":"x"}}}"#
        let both = try await agent.helper("kubectl", "--id-token", changes: Self.info(Self.v1, spec))
        #expect(both.status == 2 && both.output == "")
        #expect(both.errors.contains("audience"), "\(both.errors)")
    }

    @Test(
        "a variable that is not an ExecCredential is a clear error, and nothing is asked of the agent",
        arguments: [
            "{", "[]", "x", #"{"kind":"ExecCredential"}"#, #"{"apiVersion":"client.authentication.k8s.io/v1"}"#,
            #"{"apiVersion":1,"kind":"ExecCredential"}"#,
            #"{"apiVersion":"client.authentication.k8s.io/v1alpha1","kind":"ExecCredential","spec":{}}"#,
            #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":[]}"#,
            #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":"x"}}"#,
            #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":{"server":1}}}"#,
            #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":{"config":{"account":["work"]}}}}"#,
            #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":{"config":{"account":"../work"}}}}"#,
        ])
    func broken(variable: String) async throws {
        let agent = try HelperAgent()
        let result = try await agent.helper("kubectl", changes: ["KUBERNETES_EXEC_INFO": variable])
        #expect(result.status == 1 || result.status == 2)
        #expect(result.output == "")
        #expect(result.errors.hasPrefix("authagent: error: ") && result.errors.split(separator: "\n").count == 1)
        #expect(agent.requests.isEmpty)
    }

    @Test("without account, cluster and variable it says what to give; an unknown option is refused")
    func misuse() async throws {
        let agent = try HelperAgent()
        for (arguments, changes) in [
            ([], [:]), ([], Self.info(Self.v1, "{}")), (["work", "more"], [:]), (["--renew", "work"], [:]),
        ] as [([String], [String: String])] {
            let result = try await ChildProcess.run(
                try BuildProducts.path("authagent"), ["helper", "kubectl"] + arguments,
                environment: agent.environment.merging(changes) { $1 })
            #expect(result.status == 2 && result.output == "", "\(arguments)")
        }
        #expect(agent.requests.isEmpty)
    }

    @Test("if a login is needed it exits with 3 and one line on standard error")
    func loginRequired() async throws {
        let agent = try HelperAgent { _ in .loginRequired }
        let result = try await agent.helper("kubectl", "work")
        #expect(result.status == 3 && result.output == "")
        #expect(result.errors == "authagent: error: no login for 'work': run 'authagent login work'\n")
    }

    @Test("a second call of one process for the same token is a refusal; of another process it is not")
    func refused() async throws {
        let agent = try HelperAgent()
        let two = "\"$0\" helper kubectl work; \"$0\" helper kubectl work; :"
        let program = try BuildProducts.path("authagent")
        func twice() async throws -> [String] {
            try await ChildProcess.run("/bin/sh", ["-c", two, program], environment: agent.environment).lines
        }
        let first = try await twice()
        #expect(
            first
                == [Self.credential(Self.beta, "AT1"), Self.credential(Self.beta, "AT2")].map { String($0.dropLast()) })
        #expect(agent.requests.filter { $0.contains("rejected") }.count == 1)
        // Only the first of these is a new process; its second call is a refusal again.
        #expect(try await twice().map { $0.contains("AT2") } == [true, false])
        var status = stat()
        #expect(stat(agent.files.path + "/run/authagent/kubectl-calls", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let record = try Data(contentsOf: URL(filePath: agent.files.path + "/run/authagent/kubectl-calls"))
        #expect(record.range(of: Data("AT".utf8)) == nil)
    }

    @Test("one process that uses an account for two clusters reports nothing")
    func clusters() async throws {
        let agent = try HelperAgent()
        func info(_ host: String) -> String {
            #"{"apiVersion":"\#(Self.v1)","kind":"ExecCredential","spec":{"cluster":{"server":"https://\#(host)/"}}}"#
        }
        let two = "for info; do KUBERNETES_EXEC_INFO=$info \"$0\" helper kubectl work; done"
        let result = try await ChildProcess.run(
            "/bin/sh", ["-c", two, BuildProducts.path("authagent"), info("one"), info("two")],
            environment: agent.environment)
        #expect(result.lines.count == 2 && result.errors == "", "\(result.errors)")
        #expect(!agent.requests.contains { $0.contains("rejected") })
    }

    @Test("a process that executes another program after its call has a new one, which reports nothing")
    func executed() async throws {
        let agent = try HelperAgent()
        let python = try MissingProgram.require("python3", package: "python3")
        let shell =
            #"subprocess.run([sys.argv[1], "helper", "kubectl", "work"]); os.execv("/bin/sh", ["sh", "-c", "#
            + #"'"$0" helper kubectl work; :', sys.argv[1]])"#
        let result = try await ChildProcess.run(
            python, ["-c", "import os, subprocess, sys; \(shell)", BuildProducts.path("authagent")],
            environment: agent.environment)
        #expect(result.lines.count == 2 && result.errors == "", "\(result.errors)")
        #expect(!agent.requests.contains { $0.contains("rejected") })
    }

    @Test("another request of the same process, and a runtime directory that others can read, report nothing")
    func notRefused() async throws {
        let agent = try HelperAgent()
        let program = try BuildProducts.path("authagent")
        let two = "\"$0\" helper kubectl work; \"$0\" helper kubectl work --id-token; :"
        let result = try await ChildProcess.run("/bin/sh", ["-c", two, program], environment: agent.environment)
        #expect(result.lines.count == 2)
        chmod(agent.files.path + "/run/authagent", 0o755)
        var environment = agent.environment
        environment["AUTHAGENT_SOCK"] = agent.socket
        let same = "\"$0\" helper kubectl work; \"$0\" helper kubectl work; :"
        #expect(
            try await ChildProcess.run("/bin/sh", ["-c", same, program], environment: environment).lines.count == 2)
        #expect(!agent.requests.contains { $0.contains("rejected") })
    }
}
