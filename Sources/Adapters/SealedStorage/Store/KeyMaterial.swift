internal import SecretMemory

/// Reads the key of a store that unlocks without a passphrase.
struct KeyMaterial: Sendable {
    /// The service's systemd credentials directory (systemd.exec(5)); `nil` outside a service with credentials.
    let credentialsDirectory: String?

    static let credential = "authagent-key"

    /// The size of a key: shorter material cannot have enough entropy.
    private static let shortest = 32
    private static let longest = 64 * 1024

    private var credentialPath: String? { credentialsDirectory.map { "\($0)/\(Self.credential)" } }

    func credential() throws(SealedFailure) -> SealingKey {
        guard let path = credentialPath, let material = try read(path, isCredential: true) else {
            throw .credentialMissing
        }
        return try key(material, path)
    }

    func file(_ path: String) throws(SealedFailure) -> SealingKey {
        guard path.hasPrefix("/") else { throw .keyPathNotAbsolute(path) }
        guard let material = try read(path, isCredential: false) else { throw .keyFileMissing(path) }
        return try key(material, path)
    }

    private func read(_ path: String, isCredential: Bool) throws(SealedFailure) -> SecretBytes? {
        do throws(FileFailure) {
            return try PrivateFile.readKey(path, isCredential: isCredential, limit: Self.longest)
        } catch { throw .file(error) }
    }

    private func key(_ material: SecretBytes, _ path: String) throws(SealedFailure) -> SealingKey {
        guard material.count >= Self.shortest else { throw .keyTooShort(path, count: material.count) }
        return SealingKey.derived(from: material, purpose: "authagent sealed store")
    }
}
