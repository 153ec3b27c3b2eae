import DemoIssuer
import Foundation
import TestSupport

/// The environment of all rows.
struct Bench: Sendable {
    /// The directory of the release programs.
    let bin: String
    let isQuick: Bool

    var load: LoadClient { LoadClient(program: bin + "/bench-load") }
    /// The number of turns per subject.
    var rounds: Int { isQuick ? 2 : 9 }
    /// The duration of a turn.
    var seconds: Double { isQuick ? 0.2 : 1 }

    static func tokenRequest(_ account: String, query: String = "") -> String {
        "GET /v1/accounts/\(account)/token\(query) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    }

    func home(keyring: PrivateKeyring? = nil) throws -> AgentHome { try AgentHome(keyring: keyring, programs: bin) }

    /// A home with a sealed store with a key file, and its running daemon.
    func sealedHome() async throws -> (home: AgentHome, daemon: ChildProcess) {
        let home = try home()
        let daemon = try await home.daemon()
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        try await require(home.authagent("store", "init", "--key-file", key))
        return (home, daemon)
    }

    /// An issuer that approves codes at once.
    static func issuer(_ change: (inout DemoIssuer.Configuration) -> Void = { _ in }) async throws -> DemoIssuer {
        var configuration = DemoIssuer.Configuration()
        configuration.approvesAlone = true
        change(&configuration)
        return try await DemoIssuer.start(configuration)
    }

    func logIn(
        _ account: String, _ issuer: DemoIssuer, _ home: AgentHome, store: String = "sealed",
        scopes: [String] = ["profile"]
    ) async throws {
        try await require(
            home.authagent(
                ["login", account, "--issuer", issuer.issuer, "--client-id", "demo", "--store", store]
                    + scopes.flatMap { ["--scope", $0] }
            ))
    }

    func token(_ account: String, _ home: AgentHome) async throws {
        try await require(home.authagent("token", account))
    }

    private func require(_ result: ChildProcess.Result) throws {
        guard result.status == 0 else { throw BenchFailure("authagent: \(result.errors)") }
    }
}
