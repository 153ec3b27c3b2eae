import Foundation
import TestSupport

/// A machine with a login: a provider, a store, a home. One trial after the other happens there.
final class Trial: Sendable {
    let policy: Policy
    let store: Store
    let provider: Provider
    /// Nil where the login is in another store; there is no session bus then.
    let keyring: PrivateKeyring?
    let home: AgentHome

    static let account = "work"

    init(_ policy: Policy, store: Store) async throws {
        self.policy = policy
        self.store = store
        provider = try await Provider.start(policy)
        keyring = store == .keyring ? try await PrivateKeyring() : nil
        home = try AgentHome(keyring: keyring)
        if store == .sealed { try await makeSealedStore() }
        try await logIn()
    }

    func logIn() async throws {
        let options = provider.loginOptions + ["--store", store.rawValue]
        var result = try await home.login(Self.account, options) { try await provider.approve($0) }
        // A gnome-keyring that has just made its collection reads its files anew, and has none for that moment. Nothing
        // was asked of the provider then.
        for _ in 0..<3 where result.status == 7 {
            result = try await home.login(Self.account, options) { try await provider.approve($0) }
        }
        guard result.status == 0 else { throw TrialFailure("the login fails: \(result.errors)\(home.log)") }
        try await stopAgent()
    }

    /// The agent ends as it should, with nothing owed to the store.
    func stopAgent() async throws {
        let result = try await home.authagent("stop")
        guard result.status == 0 else { throw TrialFailure("the agent does not stop: \(result.errors)\(home.log)") }
    }

    /// Asks for the token as a script would, which starts the agent.
    func askForToken() async throws -> Outcome {
        let result = try await home.authagent("token", Self.account)
        if result.status == 0 { return .recovered }
        let problem = try await get("/v1/accounts/\(Self.account)/token").result()
        let members = try? JSONSerialization.jsonObject(with: Data(problem.output.utf8)) as? [String: Any]
        let reason = members?["reason"] as? String ?? "no reason"
        return result.status == 3 ? .loginRequired(reason) : .other("exit status \(result.status): \(result.errors)")
    }

    /// A request to the agent that starts none.
    func get(_ path: String) throws -> ChildProcess {
        let curl = try MissingProgram.require("curl", package: "curl")
        return try ChildProcess(
            curl, ["-sS", "--max-time", "30", "--unix-socket", home.socket, "http://localhost\(path)"],
            environment: ChildProcess.programEnvironment
        )
    }

    /// What is in the rotation journal.
    var journal: [String] {
        let path = home.files.path + "/state/authagent/journal"
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }
    }
}

/// What becomes of a request for a token.
enum Outcome: Equatable, Sendable {
    case recovered
    case loginRequired(String)
    case other(String)
}

/// Waits until something that other processes are about to do has happened.
func wait(for what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TrialFailure("it takes too long: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
