import AgentAPI
import Foundation
import SealedStorage
import SecretMemory
import Synchronization
import TestSupport
import Testing
import Vault

/// A sealed store in a temporary directory, with its warnings.
final class SealedStoreFixture: Sendable {
    let files: TemporaryDirectory
    let time = ManualTime()
    let directory: String
    let keyFile: String
    private let warned = Mutex<[String]>([])

    init() throws {
        files = try TemporaryDirectory()
        directory = files.path + "/sealed"
        keyFile = try files.file("key", String(repeating: "k", count: 32))
    }

    var warnings: [String] { warned.withLock { $0 } }

    /// The store as a newly started agent opens it.
    func store(credentials: String? = nil) -> SealedStore {
        SealedStore(path: directory, credentialsDirectory: credentials, time: time, cost: .cheap) { [self] text in
            warned.withLock { $0.append(text) }
        }
    }

    /// A store that unlocks itself.
    func initialized() async throws -> SealedStore {
        let store = store()
        try await store.initialize(with: .file(keyFile))
        return store
    }

    static func key(_ account: String, _ purpose: RecordKey.Purpose = .login) throws -> RecordKey {
        RecordKey(account: try #require(AccountName(account)), purpose: purpose)
    }

    static func record(
        _ account: String, _ secret: String, _ purpose: RecordKey.Purpose = .login
    ) throws -> StoredRecord {
        StoredRecord(key: try key(account, purpose), issuer: "https://issuer.example", secret: SecretBytes(secret))
    }

    /// The records' secrets by file-independent name, as a fresh agent reads them.
    func secrets() async throws -> [String: String] {
        let records = try await store().loadAll()
        return Dictionary(
            uniqueKeysWithValues: records.map {
                ("\($0.key.account) \($0.key.purpose.text)", $0.secret.revealedText())
            })
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }
    }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name))
    }

    func put(_ data: Data, _ name: String) throws {
        let path = directory + "/" + name
        try data.write(to: URL(fileURLWithPath: path))
        chmod(path, 0o600)
    }
}
