import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A demo issuer, and a home with its logins in memory, in a real keyring, or in the sealed store.
struct DemoLogin {
    let issuer: DemoIssuer
    let home: AgentHome
    private let store: String
    private let scopes: [String]

    init(
        _ configuration: DemoIssuer.Configuration = DemoIssuer.Configuration(), keyring: (any SessionKeyring)? = nil,
        store: String? = nil, changes: [String: String] = [:], scopes: [String] = [], disk: SmallDisk? = nil
    ) async throws {
        self.scopes = scopes
        issuer = try await DemoIssuer.start(configuration)
        home = try AgentHome(keyring: keyring, changes: changes, disk: disk)
        self.store = store ?? (keyring == nil ? "memory" : "keyring")
    }

    var options: [String] {
        ["--issuer", issuer.issuer, "--client-id", "tv", "--store", store] + scopes.flatMap { ["--scope", $0] }
    }

    /// Logs in, approving the code at once.
    func logIn(_ account: String = "work") async throws {
        let result = try await home.login(account, options) { issuer.approve($0) }
        try #require(result.status == 0, "\(result.output)\(result.errors)\(home.log)")
    }

    /// Waits until the account's access token has expired.
    func tokenExpires(_ account: String = "work") async throws {
        try await eventually("the token does not expire") {
            let status = try await home.authagent("status", account, "--json")
            let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
            // The expiry is rounded down to a whole second.
            return report.accounts.first?.expiresAt.map { $0 + 1 < time(nil) } ?? true
        }
    }

    /// Starts a login without approving it.
    func pendingLogin(_ account: String = "work", json: Bool = true) throws -> ChildProcess {
        try home.client(["login", account] + options + (json ? ["--json"] : []))
    }
}
