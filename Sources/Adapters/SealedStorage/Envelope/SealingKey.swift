internal import Crypto
internal import FoundationEssentials
public import SecretMemory

/// A 256-bit key that files are sealed with; it lives in locked memory only.
public struct SealingKey: Sendable, Equatable {
    public static let size = 32

    let bytes: SecretBytes
    /// Tells keys apart in the header of a file, and gives nothing of the key away.
    let id: [UInt8]

    static let idSize = 8

    /// Nil unless there are exactly `size` bytes, which must be as good as random.
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

    /// Another key for another purpose, from which this one cannot be found (HKDF-SHA256, RFC 5869).
    ///
    /// `material` may be of any length, if as much as a key's worth of it is random.
    public static func derived(from material: SecretBytes, purpose: String) -> SealingKey {
        SealingKey(trusted: derive(from: material, purpose: purpose, count: size))
    }

    /// The bytes, to be sealed with another key.
    public var material: SecretBytes { bytes }

    /// Lends the key to the cipher. Its copy is wiped at the end, but for this time it is not in locked memory.
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
