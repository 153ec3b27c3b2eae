import AgentAPI
import Foundation
import SealedStorage
import SecretMemory
import Synchronization
import TestSupport
import Vault

/// A provider, a store and a home with a login, for one trial after the other.
final class Trial: Sendable {
    let policy: Policy
    let store: Store
    let provider: Provider
    /// `nil` if the login is in another store; then there is no session bus.
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
        // A gnome-keyring that has just created its collection rereads its files, and briefly has none. The provider
        // was not contacted in that case.
        for _ in 0..<3 where result.status == 7 {
            result = try await home.login(Self.account, options) { try await provider.approve($0) }
        }
        guard result.status == 0 else { throw TrialFailure("the login fails: \(result.errors)\(home.log)") }
        try await stopAgent()
    }

    /// Stops the agent, with all writes to the store completed.
    func stopAgent() async throws {
        let result = try await home.authagent("stop")
        guard result.status == 0 else { throw TrialFailure("the agent does not stop: \(result.errors)\(home.log)") }
    }

    /// Requests the token as a script would, which starts the agent.
    func askForToken() async throws -> Outcome {
        let result = try await home.authagent("token", Self.account)
        if result.status == 0 { return .recovered }
        let problem = try await get("/v1/accounts/\(Self.account)/token").result()
        let members = try? JSONSerialization.jsonObject(with: Data(problem.output.utf8)) as? [String: Any]
        let reason = members?["reason"] as? String ?? "no reason"
        return result.status == 3 ? .loginRequired(reason) : .other("exit status \(result.status): \(result.errors)")
    }

    /// A request that does not start an agent.
    func get(_ path: String) throws -> ChildProcess {
        let curl = try MissingProgram.require("curl", package: "curl")
        return try ChildProcess(
            curl, ["-sS", "--max-time", "30", "--unix-socket", home.socket, "http://localhost\(path)"],
            environment: ChildProcess.programEnvironment
        )
    }

    /// The content of the rotation journal.
    var journal: [String] {
        let path = home.files.path + "/state/authagent/journal"
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }
    }
}

/// The outcome of a token request.
enum Outcome: Equatable, Sendable {
    case recovered
    case loginRequired(String)
    case other(String)
}

/// Waits for a condition that other processes establish.
func wait(for what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TrialFailure("it takes too long: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}

extension Trial {
    /// Kills the agent at this call of a refresh, restarts it, requests a token, and repeats both once.
    func run(killingAt point: KillPoint) async throws -> Cell {
        // Without a login the matrix would not see its outcome.
        guard let before = try await storedToken() else { throw TrialFailure("the store has no login at the start") }
        let earlier = (spent: provider.spent?.count ?? 0, issued: provider.issued ?? [])
        let (calls, isServed) = try await refresh(killingAt: point)
        let remains = Remains(
            journal: journal, stored: try await storedToken(),
            hasSpent: provider.spent.map { $0.count > earlier.spent }
        )
        let first = try await askForToken()
        let replays = provider.spent?.dropFirst(earlier.spent).filter { $0 == before }.count
        await home.killDaemon()
        let second = try await askForToken()
        let cell = Cell(
            point: point, policy: policy, calls: calls, isServed: isServed, before: before, remains: remains,
            first: first, second: second,
            spendings: replays, laterSpendings: provider.spent?.dropFirst(earlier.spent).filter { $0 == before }.count,
            issued: provider.issued?.subtracting(earlier.issued)
        )
        try await stopAgent()
        if second != .recovered { try await logIn() }
        return cell
    }

    /// Runs a refresh until the agent is killed at the call or the refresh completes; returns whether its client got a
    /// token.
    func refresh(killingAt point: KillPoint) async throws -> (calls: SystemCalls, isServed: Bool) {
        let record = home.files.path + "/calls"
        let agent = try ChildProcess(
            try BuildProducts.path("kill-at-syscall"), [record, "\(point)", try BuildProducts.path("authagentd")],
            environment: home.environment, input: nil
        )
        try await wait(for: "the start of the agent") { agent.errorsSoFar.contains("serving") || !agent.isRunning }
        // Reads the store first, so that only the refresh is counted.
        let status = try await get("/v1/accounts").result()
        guard status.output.contains(#""\#(Self.account)""#) else {
            throw TrialFailure("the agent has no account: \(status.output)\(status.errors)\(agent.errorsSoFar)")
        }
        agent.signal(SIGUSR1)
        try await wait(for: "the count of calls") { agent.outputSoFar.contains("armed") || !agent.isRunning }
        let request = try get("/v1/accounts/\(Self.account)/token")
        try await wait(for: "the end of the refresh: \(agent.errorsSoFar)") {
            !agent.isRunning || !request.isRunning && journal.isEmpty
        }
        await home.killDaemon()
        _ = await agent.result()
        let answer = await request.result()
        return (try SystemCalls(record: record), answer.output.contains(#""access_token""#))
    }
}

extension Trial {
    /// Creates the store for the login, with a key that an agent finds without a passphrase.
    func makeSealedStore() async throws {
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        let result = try await home.authagent("store", "init", "--key-file", key)
        guard result.status == 0 else { throw TrialFailure("cannot create the store: \(result.errors)\(home.log)") }
        try await stopAgent()
    }

    /// The refresh token in the store, as other programs see it; `nil` if there is none.
    func storedToken() async throws -> String? {
        switch store {
        case .keyring: try await keyring?.refreshToken(of: Self.account)
        case .sealed: try await sealedToken()
        }
    }

    /// Read from a copy: opening the store removes the killed agent's unfinished files, which its successor must find.
    private func sealedToken() async throws -> String? {
        let copy = try TemporaryDirectory()
        let directory = copy.path + "/sealed"
        try FileManager.default.copyItem(atPath: home.files.path + "/state/authagent/sealed", toPath: directory)
        let warnings = Mutex<[String]>([])
        let records = try await records(in: directory) { warning in warnings.withLock { $0.append(warning) } }
        // A kill must never damage a file, even if a predecessor would replace it.
        let damage = warnings.withLock { $0 } + records.compactMap { $0.problem?.detail }
        guard damage.isEmpty else { throw TrialFailure("the sealed store is damaged: \(damage)") }
        let logins = records.filter { $0.key.account.description == Self.account && $0.key.purpose == .login }
        return logins.first.flatMap(Credential.init)?.refreshToken?.revealedText()
    }

    private func records(
        in directory: String, warn: @escaping @Sendable (String) -> Void
    ) async throws -> [StoredRecord] {
        let store = SealedStore(path: directory, credentialsDirectory: nil, time: SystemTime(), warn: warn)
        return try await store.loadAll()
    }
}
