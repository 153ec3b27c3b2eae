import Crypto
internal import Formats
import Foundation
import OAuth

/// Private client keys, generated for each test.
public enum TestKeys {
    /// PKCS#8.
    public static func p256() throws -> String { P256.Signing.PrivateKey().pemRepresentation }

    public static func p256WebKey(id: String) throws -> String {
        let key = P256.Signing.PrivateKey()
        return try webKey(key, id: id, isPrivate: true)
    }

    /// A key file as PEM, and the key set with its public key.
    public static func p256WithSet() throws -> (file: String, set: String) {
        let key = P256.Signing.PrivateKey()
        return (key.pemRepresentation, #"{"keys":[\#(try webKey(key, id: "k1", isPrivate: false))]}"#)
    }

    private static func webKey(_ key: P256.Signing.PrivateKey, id: String, isPrivate: Bool) throws -> String {
        let point = key.publicKey.rawRepresentation
        let d = isPrivate ? #""d":"\#(Base64URL.encode(key.rawRepresentation))","# : ""
        return #"{"kty":"EC","crv":"P-256","kid":"\#(id)",\#(d)"#
            + #""x":"\#(Base64URL.encode(point.prefix(32)))","y":"\#(Base64URL.encode(point.suffix(32)))"}"#
    }
}
