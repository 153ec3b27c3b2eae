internal import Accounts
public import AgentAPI
internal import Logging
internal import SecretMemory
internal import Vault

extension Agent {
    /// Opens what is kept by a passphrase: the sealed store.
    public func unlock(_ request: UnlockRequest) async throws(Problem) -> UnlockReply {
        guard Self.passphraseLengths.contains(request.passphrase.utf8.count) else {
            throw Problem(.badRequest, "the passphrase is empty or too long", hint: "give 1 to 1024 bytes")
        }
        do throws(KeyedStoreFailure) {
            try await parts.stores.keyed.unlock(with: SecretBytes(request.passphrase))
        } catch {
            parts.logger.notice("unlocking refused", metadata: ["store": "sealed"])
            throw Problem(error)
        }
        parts.logger.info("unlocked", metadata: ["store": "sealed"])
        await readAnew(.sealed)
        return UnlockReply(unlocked: true)
    }

    static let passphraseLengths = 1...1024
}
