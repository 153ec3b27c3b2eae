import AgentAPI
import AuthagentTestSupport
import Foundation
import SealedStore
import SecretMemory
import Synchronization
import Vault

extension Trial {
    /// Creates the store for the login, with a key that an agent finds without a passphrase.
    func makeSealedStore() async throws {
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        let result = try await home.authagent("store", "init", "--key-file", key)
        guard result.status == 0 else { throw TrialFailure("there is no store: \(result.errors)\(home.log)") }
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
