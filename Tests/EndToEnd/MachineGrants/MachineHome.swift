import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A home whose account files the test writes.
struct MachineHome {
    let home: AgentHome
    /// The file with the secret of the test servers' clients.
    let secretFile: String

    init(keyring: (any SessionKeyring)? = nil, changes: [String: String] = [:]) throws {
        home = try AgentHome(keyring: keyring, changes: changes)
        secretFile = try home.files.file("secret", "s3cret\n")
        try home.files.directory("config/authagent/accounts")
    }

    /// The line with the secret's file.
    var secret: String { "client_secret_file = \"\(secretFile)\"" }

    /// Writes an account's file. Its login would be in memory.
    func write(_ account: String, issuer: String, client: String? = "server", _ lines: String...) throws {
        let head = ["issuer = \"\(issuer)\"", "store = \"memory\""] + (client.map { ["client_id = \"\($0)\""] } ?? [])
        try home.files.file(
            "config/authagent/accounts/\(account).toml", (head + lines).joined(separator: "\n") + "\n")
    }

    func remove(_ account: String) throws {
        try FileManager.default.removeItem(atPath: "\(home.accountFiles)/\(account).toml")
    }

    /// Writes the settings of the agent.
    func configure(_ text: String) throws { try home.files.file("config/authagent/authagent.toml", text) }

    func token(_ account: String, _ options: String...) async throws -> TokenReply {
        let result = try await home.authagent(["token", account, "--json"] + options)
        try #require(result.status == 0, "\(result.errors)\(home.log)")
        return try APIJSON.decode(TokenReply.self, from: result.output.utf8)
    }

    func status(_ account: String) async throws -> AccountStatus {
        let result = try await home.authagent("status", account, "--json")
        let report = try APIJSON.decode(StatusReport.self, from: result.output.utf8)
        return try #require(report.accounts.first, "\(result.output)\(result.errors)")
    }

    /// What the API says of a failed token request: its status, code and reason.
    func problem(_ account: String) async throws -> Problem {
        let curl = try MissingProgram.require("curl", package: "curl")
        let result = try await ChildProcess.run(
            curl,
            ["-sS", "--unix-socket", home.socket, "http://localhost/v1/accounts/\(account)/token"])
        return try APIJSON.decode(Problem.self, from: result.output.utf8)
    }
}

/// A demo issuer with the grants without a person, and accounts at it.
struct DemoMachines {
    let issuer: DemoIssuer
    let machines: MachineHome

    var home: AgentHome { machines.home }

    init(changes: [String: String] = [:], _ change: (inout DemoIssuer.Configuration) -> Void = { _ in }) async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.machines = DemoIssuer.MachineRules()
        change(&configuration)
        issuer = try await DemoIssuer.start(configuration)
        machines = try MachineHome(changes: changes)
    }

    /// An account of client credentials with a secret.
    func writeService(_ account: String = "service", _ lines: String = "") throws {
        try machines.write(
            account, issuer: issuer.issuer, "grant = \"client_credentials\"", machines.secret, lines)
    }

    /// An account whose token is exchanged from another account's.
    func writeExchange(_ account: String, of subject: String, _ lines: String = "") throws {
        try machines.write(
            account, issuer: issuer.issuer, "grant = \"token_exchange\"", "subject_account = \"\(subject)\"",
            machines.secret, lines)
    }

    /// An account whose token comes for the token of another account, which is its assertion.
    func writeBearer(_ account: String, of assertion: String, _ lines: String = "") throws {
        try machines.write(
            account, issuer: issuer.issuer, "grant = \"jwt_bearer\"", "assertion_account = \"\(assertion)\"",
            machines.secret, lines)
    }

    /// A person's login by the device grant, from which tokens are derived.
    func logIn(_ account: String = "person") async throws {
        let login = try await home.login(
            account, ["--issuer", issuer.issuer, "--client-id", "tv", "--store", "memory", "--scope", "openid"]
        ) { issuer.approve($0) }
        try #require(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
    }

    /// `person`, whose token `grant` exchanges for a JWT, for which `saas` gets its token.
    func logInWithChain() async throws {
        try await logIn()
        try writeExchange(
            "grant", of: "person", "requested_token_type = \"jwt\"\naudience = \"\(issuer.issuer)\"")
        try writeBearer("saas", of: "grant", "scopes = [\"read\"]")
        let reload = try await home.authagent("reload")
        try #require(reload.status == 0, "\(reload.errors)")
    }
}
