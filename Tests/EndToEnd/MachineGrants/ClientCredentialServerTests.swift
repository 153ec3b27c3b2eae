import AgentAPI
import Foundation
import TestSupport
import Testing

/// Client credentials through the real programs, at Glewlwyd: by secret, signed assertion and certificate.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ClientCredentialServerTests {
    private static let grant = "grant = \"client_credentials\"\nscopes = [\"g_profile\"]"

    /// Gets a token without a login, another by `login`, and a third after a logout.
    private func wholeLife(_ machines: MachineHome) async throws {
        let first = try await machines.token("robot")
        #expect(first.tokenType == "Bearer" && first.scope == "g_profile")
        #expect(try await machines.token("robot").accessToken == first.accessToken)
        #expect(try await machines.token("robot", "--renew").accessToken != first.accessToken)

        let login = try await machines.home.authagent("login", "robot")
        #expect(login.status == 0, "\(login.output)\(login.errors)\(machines.home.log)")
        #expect(login.output.contains("g_profile"), "it prints what was granted: \(login.output)")
        let second = try await machines.token("robot")
        #expect(second.accessToken != first.accessToken)
        #expect(try await machines.status("robot").state == .ok)

        let logout = try await machines.home.authagent("logout", "robot")
        #expect(logout.output.hasPrefix("robot: forgotten"), "\(logout.output)\(logout.errors)")
        #expect(try await machines.token("robot").accessToken != second.accessToken)
        for secret in [first.accessToken, second.accessToken, "s3cret"] {
            #expect(!(machines.home.log + login.output + login.errors).contains(secret))
        }
    }

    @Test("by secret: a token without a login, renewed by the same request, and again after a logout")
    func secret() async throws {
        let glewlwyd = try await Glewlwyd.start()
        let machines = try MachineHome()
        try machines.write("robot", issuer: glewlwyd.issuer, client: "robot", Self.grant, machines.secret)
        try await wholeLife(machines)
    }

    @Test("by private_key_jwt: each request has an assertion of its own, and the server takes none twice")
    func privateKey() async throws {
        let openssl = try MissingProgram.require("openssl", package: "openssl")
        let key = try await ChildProcess.run(
            openssl, ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        var options = Glewlwyd.Options()
        options.publicKey = try await ChildProcess.run(openssl, ["pkey", "-pubout"], input: key.output).output
        let glewlwyd = try await Glewlwyd.start(options)
        let machines = try MachineHome()
        let file = try machines.home.files.file("client.pem", key.output)
        try machines.write(
            "robot", issuer: glewlwyd.issuer, client: "keyed", Self.grant, "client_auth = \"private_key_jwt\"",
            "client_key_file = \"\(file)\"")
        try await wholeLife(machines)
    }

    @Test("by certificate: the token is bound to it, and another certificate is refused")
    func certificate() async throws {
        let servers = try await ThrowAwayCA()
        let clients = try await ThrowAwayCA()
        let own = try await clients.certificate(for: "DNS:" + Glewlwyd.certifiedName, subject: "a machine")
        var options = Glewlwyd.Options()
        options.tls = Glewlwyd.TLS(try await servers.certificate(for: "DNS:localhost"), clientAuthority: clients)
        let glewlwyd = try await Glewlwyd.start(options)
        let machines = try MachineHome(changes: ["SSL_CERT_FILE": servers.file])
        let copies = try (
            key: machines.home.files.file("machine.key", String(contentsOfFile: own.keyFile, encoding: .utf8)),
            certificate: machines.home.files.file(
                "machine.pem", String(contentsOfFile: own.certificateFile, encoding: .utf8))
        )
        try machines.write(
            "robot", issuer: glewlwyd.issuer, client: "certified", Self.grant, "client_auth = \"tls_client_auth\"",
            "client_key_file = \"\(copies.key)\"", "client_certificate_file = \"\(copies.certificate)\"")
        try await wholeLife(machines)
        let inspected = try await machines.home.authagent("inspect", "robot")
        #expect(inspected.output.contains("x5t#S256"), "\(inspected.output)")

        let other = try await clients.certificate(for: "DNS:other.example", subject: "another machine")
        for (path, source) in [(copies.key, other.keyFile), (copies.certificate, other.certificateFile)] {
            try String(contentsOfFile: source, encoding: .utf8).write(toFile: path, atomically: true, encoding: .utf8)
            chmod(path, 0o600)
        }
        let refused = try await machines.home.authagent("token", "robot", "--renew")
        #expect(refused.status == 1, "\(refused.errors)")
    }

    @Test("a wrong secret, answered without an error code, is a refusal and not a missing login")
    func wrongSecret() async throws {
        let glewlwyd = try await Glewlwyd.start()
        let machines = try MachineHome()
        let wrong = try machines.home.files.file("wrong", "another\n")
        try machines.write(
            "robot", issuer: glewlwyd.issuer, client: "robot", Self.grant, "client_secret_file = \"\(wrong)\"")
        for command in ["token", "login"] {
            let result = try await machines.home.authagent(command, "robot")
            #expect(result.status == 1, "\(command): \(result.errors)")
        }
        #expect(try await machines.problem("robot").code == .providerRejected)
    }
}
