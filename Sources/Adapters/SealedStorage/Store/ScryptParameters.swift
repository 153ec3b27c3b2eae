internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
internal import SecretMemory

/// The cost of one passphrase guess (RFC 7914).
public struct ScryptCost: Codable, Equatable, Sendable {
    var n: Int
    var r: Int
    var p: Int

    /// 64 MiB and some tenths of a second, following OWASP's password storage recommendations for small machines.
    public static let standard = ScryptCost(n: 1 << 16, r: 8, p: 2)
    /// For tests, which derive many keys.
    package static let cheap = ScryptCost(n: 1 << 14, r: 8, p: 1)

    /// 512 MiB: a header with a higher cost would exhaust a small machine.
    private static let largestMemory = 1 << 29

    /// Whether a header may demand this cost: at least `cheap`, so that an edited header cannot weaken it, and at most
    /// what a small machine can afford.
    var isAcceptable: Bool {
        (1 << 14...1 << 20).contains(n) && n & (n - 1) == 0 && (8...32).contains(r) && (1...8).contains(p)
            && 128 * n * r * p <= Self.largestMemory
    }
}

/// The parameters that derive the header's key from a passphrase.
struct ScryptParameters: Codable, Equatable, Sendable {
    let cost: ScryptCost
    let salt: Data

    private static let saltSizes = 16...64

    init(_ cost: ScryptCost) {
        self.cost = cost
        salt = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
    }

    var isAcceptable: Bool { cost.isAcceptable && Self.saltSizes.contains(salt.count) }

    /// Derives the key; blocks for some tenths of a second. `nil` if the parameters are refused or memory is short.
    func key(from passphrase: SecretBytes) -> SealingKey? {
        guard isAcceptable, passphrase.count > 0 else { return nil }
        return passphrase.withBytes { passphrase in
            let key = try? KDF.Scrypt.deriveKey(
                from: passphrase, salt: salt, outputByteCount: SealingKey.size, rounds: cost.n, blockSize: cost.r,
                parallelism: cost.p
            )
            return key.flatMap { $0.withUnsafeBytes { SealingKey(SecretBytes($0)) } }
        }
    }
}
