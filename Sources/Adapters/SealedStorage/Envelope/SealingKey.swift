internal import Crypto
internal import FoundationEssentials
public import SecretMemory

/// A 256-bit encryption key for sealed files, kept in locked memory.
public struct SealingKey: Sendable, Equatable {
    public static let size = 32

    let bytes: SecretBytes
    /// Identifies the key in a file's header; reveals nothing about the key.
    let id: [UInt8]

    static let idSize = 8

    /// `nil` unless there are exactly `size` bytes, which must be indistinguishable from random.
    public init?(_ bytes: SecretBytes) {
        guard bytes.count == Self.size else { return nil }
        self.init(trusted: bytes)
    }

    private init(trusted bytes: SecretBytes) {
        self.bytes = bytes
        id = Self.derive(from: bytes, purpose: "authagent key id", count: Self.idSize).revealed()
    }

    public static func random() -> SealingKey {
        SealingKey(trusted: SymmetricKey(size: .bits256).withUnsafeBytes { SecretBytes($0) })
    }

    /// Derives a key for another purpose, from which `material` cannot be computed (HKDF-SHA256, RFC 5869).
    ///
    /// `material` may have any length, if it has the entropy of a key.
    public static func derived(from material: SecretBytes, purpose: String) -> SealingKey {
        SealingKey(trusted: derive(from: material, purpose: purpose, count: size))
    }

    /// The key's bytes, to be sealed with another key.
    public var material: SecretBytes { bytes }

    /// Lends the key to the cipher. The copy is in unlocked memory during the call, and wiped at its end.
    func withSymmetricKey<Result>(_ body: (SymmetricKey) throws -> Result) rethrows -> Result {
        try body(bytes.withBytes { SymmetricKey(data: $0) })
    }

    private static func derive(from material: SecretBytes, purpose: String, count: Int) -> SecretBytes {
        let input = material.withBytes { SymmetricKey(data: $0) }
        let output = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: input, info: Array(purpose.utf8), outputByteCount: count
        )
        return output.withUnsafeBytes { SecretBytes($0) }
    }
}
