internal import Glibc
internal import SecretMemory
internal import Vault

/// The content of a sealed record.
extension StoredRecord {
    /// Four bytes for the issuer's length, the issuer, the secret.
    var content: SecretBytes {
        let issuer = Array(self.issuer.utf8)
        return secret.withBytes { secret in
            var bytes = withUnsafeBytes(of: UInt32(issuer.count).bigEndian) { Array($0) } + issuer + Array(secret)
            defer { bytes.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } } }
            return SecretBytes(bytes)
        }
    }

    init?(_ key: RecordKey, content: SecretBytes) {
        let parts = content.withBytes { bytes -> (String, SecretBytes)? in
            guard bytes.count >= 4 else { return nil }
            let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - 4,
                let issuer = String(validating: bytes[4..<(4 + length)], as: UTF8.self)
            else { return nil }
            return (issuer, SecretBytes(bytes[(4 + length)...]))
        }
        guard let (issuer, secret) = parts else { return nil }
        self.init(key: key, issuer: issuer, secret: secret)
    }
}
