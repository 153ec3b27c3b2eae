import AgentAPI
import DemoIssuer
import Foundation
import SealedStorage
import SecretMemory
import TestSupport
import Vault

extension Bench {
    /// Measures a store with a thousand logins, and ten tokens for each of them.
    func manyAccounts() async throws -> Row {
        let accounts = isQuick ? 20 : 1_000
        let scopes = (0..<10).map { "s\($0)" }
        let issuer = try await Self.issuer()
        let (home, first) = try await sealedHome()
        // A real login: each account's store record is a copy of its credential.
        try await logIn("account-0", issuer, home, scopes: scopes)
        try await stop(first)
        try await copyLogin(accounts, home)
        var starts: [Double] = []
        for _ in 0..<(isQuick ? 2 : 7) { starts.append(try await start(accounts, home)) }
        let daemon = try await home.daemon()
        defer { daemon.signal(SIGTERM) }
        try await token("account-0", home)
        let request = Self.tokenRequest("account-0")
        let alone = try await load.loop(.kept, at: home.socket, request, seconds: seconds)
        let before = try ProcessUse(of: daemon.pid).memory
        try await fill(accounts, scopes, home)
        let grown = Double(try ProcessUse(of: daemon.pid).memory - before)
        var lookups: [Load] = []
        for number in [0, accounts / 2, accounts - 1] {
            let request = Self.tokenRequest("account-\(number)", query: "?scope=s9")
            lookups.append(try await load.loop(.kept, at: home.socket, request, seconds: seconds))
        }
        let full = Load.median(of: lookups)
        try await issuer.shutdown()
        return Row(
            name: "\(accounts) accounts, \(accounts * scopes.count) cached variants",
            checks: [
                .atMost(300, starts.median, "start to serving all accounts from the sealed store", unit: "ms"),
                .atMost(1.25, full.median / alone.median, "median look-up among all to that of the first token"),
                .atMost(4, grown / Double(accounts * scopes.count), "memory per cached token", unit: "KiB"),
            ],
            figures: [
                .init("starts", starts.map { "\(short($0)) ms" }.joined(separator: ", ")),
                .init("one token", alone), .init("among all", full),
            ])
    }

    private func stop(_ daemon: ChildProcess) async throws {
        daemon.signal(SIGTERM)
        _ = await daemon.result()
    }

    private func copyLogin(_ count: Int, _ home: AgentHome) async throws {
        let store = SealedStore(
            path: home.files.path + "/state/authagent/sealed", credentialsDirectory: nil, time: SystemTime(),
            warn: { print($0) }
        )
        let records = try await store.loadAll()
        guard let login = records.first(where: { $0.key.purpose == .login }), let credential = Credential(login) else {
            throw BenchFailure("the store has no login")
        }
        let file = try String(contentsOfFile: home.accountFiles + "/account-0.toml", encoding: .utf8)
        for number in 1..<count {
            guard let name = AccountName("account-\(number)") else { throw BenchFailure("no name") }
            try await store.save(credential.copy(for: name).record)
            try file.write(toFile: home.accountFiles + "/\(name).toml", atomically: false, encoding: .utf8)
            chmod(home.accountFiles + "/\(name).toml", 0o600)
        }
    }

    /// Milliseconds from the start of the process until the first and the last account are reported as logged in, for
    /// which the store has been read.
    private func start(_ accounts: Int, _ home: AgentHome) async throws -> Double {
        let names = ["account-0", "account-\(accounts - 1)"]
        let begin = ContinuousClock.now
        let daemon = try ChildProcess(try home.program("authagentd"), environment: home.environment, input: nil)
        while !names.allSatisfy({ home.status(of: $0)?.state == .ok }) {
            guard daemon.isRunning, ContinuousClock.now < begin + .seconds(60) else {
                throw BenchFailure("the accounts are not served: \(daemon.errorsSoFar)")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        let time = ContinuousClock.now - begin
        try await stop(daemon)
        return time / .milliseconds(1)
    }

    private func fill(_ accounts: Int, _ scopes: [String], _ home: AgentHome) async throws {
        try await withThrowingTaskGroup { group in
            for part in 0..<4 {
                group.addTask {
                    for number in stride(from: part, to: accounts, by: 4) {
                        for scope in scopes {
                            let request = Self.tokenRequest("account-\(number)", query: "?scope=\(scope)")
                            _ = try await load.burst(1, at: home.socket, request)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
