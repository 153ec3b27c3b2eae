import Crypto

/// The SHA-256 digest by which a report names a refused token.
public func tokenDigest(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }
