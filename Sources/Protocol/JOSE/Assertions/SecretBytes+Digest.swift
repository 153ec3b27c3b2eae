internal import Crypto
public import SecretMemory

extension SecretBytes {
    /// Whether these bytes have this SHA-256 digest.
    public func hasDigest(_ digest: [UInt8]) -> Bool {
        withBytes { bytes in Array(SHA256.hash(data: Array(bytes))) } == digest
    }
}
