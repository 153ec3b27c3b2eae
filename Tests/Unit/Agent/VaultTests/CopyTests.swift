import AgentAPI
import SecretMemory
import TestSupport
import Testing
import Vault

/// A store that returns several records of one account: the first is where the store keeps it now.
@Suite struct CopyTests {
    private struct Copies: CredentialStore {
        let records: [StoredRecord]

        func probe() async -> StoreStatus { StoreStatus(.ok) }
        func loadAll() async throws(StoreFailure) -> [StoredRecord] { records }
        func save(_ record: StoredRecord) async throws(StoreFailure) {}
        func remove(_ key: RecordKey) async throws(StoreFailure) {}
    }

    private func found(_ credentials: Credential...) async throws -> Credential? {
        let store = Copies(records: credentials.map(\.record))
        let fixture = try VaultFixture()
        return try await StoreReader(store: store, time: fixture.time).credential(of: credentials[0].account)
    }

    private func credential(_ refreshToken: String, generation: UInt64, grantedAt: Int) throws -> Credential {
        var credential = try VaultFixture().credential(refreshToken, generation: generation)
        credential.grantedAt = grantedAt
        return credential
    }

    @Test("an older copy does not replace a login that began anew, whatever its generation")
    func older() async throws {
        let new = try credential("new", generation: 1, grantedAt: 2000)
        let old = try credential("old", generation: 57, grantedAt: 1000)
        #expect(try await found(new, old) == new)
    }

    @Test("a copy with a larger generation and a later grant is the login")
    func newer() async throws {
        let new = try credential("new", generation: 6, grantedAt: 2000)
        let old = try credential("old", generation: 5, grantedAt: 1000)
        #expect(try await found(old, new) == new)
    }
}
