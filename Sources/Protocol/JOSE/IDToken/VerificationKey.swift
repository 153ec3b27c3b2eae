internal import Crypto
internal import CryptoExtras
package import Formats
internal import OAuth

/// One public key of an issuer (RFC 7517, RFC 7518 §6, RFC 8037 §2).
package struct VerificationKey: Sendable {
    /// Crypto's key types, each limited to its own algorithms.
    private enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    package let id: String?
    /// The issuer that the key belongs to, in Entra's key sets.
    let issuer: String?
    /// The key's `alg`; `nil` if absent.
    private let algorithm: String?
    private let material: Material

    /// 8192 bits; verification with a larger key takes too long.
    private static let longestModulus = 1024

    /// `nil` if the key is not for verification, or of an unsupported type.
    package init?(_ members: [String: JSONValue]) {
        let fields = ReplyFields(members)
        guard fields["use"] == nil || fields["use"] == .string("sig"), Self.allowsVerifying(fields["key_ops"]),
            // A published private key does not authenticate anything.
            members["d"] == nil
        else { return nil }
        func bytes(_ name: String, _ count: ClosedRange<Int>) -> [UInt8]? {
            guard case .string(let text)? = members[name], let bytes = Base64URL.decodeLeniently(text.utf8),
                count.contains(bytes.count)
            else { return nil }
            return bytes
        }
        // RFC 7518 §6.2.1.2 and §6.3.1.1: coordinates have their full length, a modulus has no leading zeros. Some
        // issuers write big integers instead, with or without a zero for the sign.
        func number(_ name: String, atMost size: Int) -> [UInt8]? {
            guard let number = bytes(name, 1...(size + 8)).map({ Array($0.drop { $0 == 0 }) }),
                (1...size).contains(number.count)
            else { return nil }
            return number
        }
        func point(_ size: Int) -> [UInt8]? {
            guard let x = number("x", atMost: size), let y = number("y", atMost: size) else { return nil }
            func padded(_ number: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: size - number.count) + number }
            return padded(x) + padded(y)
        }
        let material: Material?
        switch (fields.string("kty"), fields.string("crv")) {
        case ("RSA", _):
            guard let n = number("n", atMost: Self.longestModulus), let e = number("e", atMost: 8) else { return nil }
            // Refuses fewer than 2048 bits (RFC 7518 §3.3).
            material = (try? _RSA.Signing.PublicKey(n: n, e: e)).map(Material.rsa)
        case ("EC", "P-256"):
            material = point(32).flatMap { try? P256.Signing.PublicKey(rawRepresentation: $0) }.map(Material.p256)
        case ("EC", "P-384"):
            material = point(48).flatMap { try? P384.Signing.PublicKey(rawRepresentation: $0) }.map(Material.p384)
        case ("EC", "P-521"):
            material = point(66).flatMap { try? P521.Signing.PublicKey(rawRepresentation: $0) }.map(Material.p521)
        case ("OKP", "Ed25519"):
            material = bytes("x", 32...32).flatMap { try? Curve25519.Signing.PublicKey(rawRepresentation: $0) }
                .map(Material.ed25519)
        default: material = nil
        }
        guard let material else { return nil }
        self.material = material
        id = fields.string("kid")
        issuer = fields.string("issuer")
        algorithm = fields.string("alg")
    }

    /// Whether `key_ops` includes verification (RFC 7517 §4.3).
    private static func allowsVerifying(_ operations: JSONValue?) -> Bool {
        switch operations {
        case nil: true
        case .array(let operations)?: operations.contains(.string("verify"))
        default: false
        }
    }

    /// Whether the key's type, curve and use match the algorithm (RFC 8725 §3.1).
    func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        if let own = self.algorithm, own != algorithm.rawValue { return false }
        return switch (material, algorithm) {
        case (.rsa, .rs256), (.rsa, .rs384), (.rsa, .rs512), (.rsa, .ps256), (.rsa, .ps384), (.rsa, .ps512),
            (.p256, .es256), (.p384, .es384), (.p521, .es512), (.ed25519, .edDSA):
            true
        default: false
        }
    }

    /// False also if the key does not fit.
    func isValid(_ signature: [UInt8], over input: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
        guard fits(algorithm) else { return false }
        switch material {
        case .rsa(let key): return Self.isValid(signature, over: input, algorithm, key)
        case .p256(let key):
            return (try? P256.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA256.hash(data: input)) } ?? false
        case .p384(let key):
            return (try? P384.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA384.hash(data: input)) } ?? false
        case .p521(let key):
            return (try? P521.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA512.hash(data: input)) } ?? false
        case .ed25519(let key): return key.isValidSignature(signature, for: input)
        }
    }

    private static func isValid(
        _ signature: [UInt8], over input: [UInt8], _ algorithm: SignatureAlgorithm, _ key: _RSA.Signing.PublicKey
    ) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
        return switch algorithm {
        case .rs256: key.isValidSignature(signature, for: SHA256.hash(data: input), padding: .insecurePKCS1v1_5)
        case .rs384: key.isValidSignature(signature, for: SHA384.hash(data: input), padding: .insecurePKCS1v1_5)
        case .rs512: key.isValidSignature(signature, for: SHA512.hash(data: input), padding: .insecurePKCS1v1_5)
        // RFC 7518 §3.5: the salt is as long as the hash; this padding checks that.
        case .ps256: key.isValidSignature(signature, for: SHA256.hash(data: input), padding: .PSS)
        case .ps384: key.isValidSignature(signature, for: SHA384.hash(data: input), padding: .PSS)
        case .ps512: key.isValidSignature(signature, for: SHA512.hash(data: input), padding: .PSS)
        case .es256, .es384, .es512, .edDSA: false
        }
    }
}
