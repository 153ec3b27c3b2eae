import AgentAPI
import Foundation
import SealedStorage
import SecretMemory
import Synchronization
import TestSupport
import Vault

extension Trial {
    /// Makes the store that the login goes to, with a key that an agent finds by itself.
    func makeSealedStore() async throws {
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        let result = try await home.authagent("store", "init", "--key-file", key)
        guard result.status == 0 else { throw TrialFailure("there is no store: \(result.errors)\(home.log)") }
        try await stopAgent()
    }

    /// The refresh token in the store, as others see it; nil when there is none.
    func storedToken() async throws -> String? {
        switch store {
        case .keyring: try await keyring?.refreshToken(of: Self.account)
        case .sealed: try await sealedToken()
        }
    }

    /// Read from a copy: whoever opens the store itself removes what the killed agent has left unfinished there, which is
    /// for its successor to find.
    private func sealedToken() async throws -> String? {
        let copy = try TemporaryDirectory()
        let directory = copy.path + "/sealed"
        try FileManager.default.copyItem(atPath: home.files.path + "/state/authagent/sealed", toPath: directory)
        let warnings = Mutex<[String]>([])
        let records = try await records(in: directory) { warning in warnings.withLock { $0.append(warning) } }
        // No kill leaves a file damaged, also where the one before it would take its place.
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
