import Crypto
import CryptoExtras
internal import Formats
import Foundation
import OAuth

/// An issuer's key pair, generated in the test, that signs any token.
public struct TokenSigner: Sendable {
    private enum Key: Sendable {
        case rsa(_RSA.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    public let algorithm: String
    public let keyID: String?
    private let key: Key

    /// Generating one takes seconds in a debug build.
    private static let rsaKey = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }

    /// All RSA signers of a process share a key.
    public init(_ algorithm: String = "ES256", keyID: String? = "k1") throws {
        self.algorithm = algorithm
        self.keyID = keyID
        key =
            switch algorithm {
            case "ES256": .p256(P256.Signing.PrivateKey())
            case "ES384": .p384(P384.Signing.PrivateKey())
            case "ES512": .p521(P521.Signing.PrivateKey())
            case "EdDSA": .ed25519(Curve25519.Signing.PrivateKey())
            default: .rsa(try Self.rsaKey.get())
            }
    }

    /// The public key's members, each as JSON.
    public func members() throws -> [String: String] {
        var members: [String: String] = ["use": #""sig""#]
        if let keyID { members["kid"] = "\"\(keyID)\"" }
        func point(_ curve: String, _ raw: Data) {
            members["kty"] = #""EC""#
            members["crv"] = "\"\(curve)\""
            members["x"] = "\"\(Base64URL.encode(raw.prefix(raw.count / 2)))\""
            members["y"] = "\"\(Base64URL.encode(raw.suffix(raw.count / 2)))\""
        }
        switch key {
        case .rsa(let key):
            let primitives = try key.publicKey.getKeyPrimitives()
            members["kty"] = #""RSA""#
            members["n"] = "\"\(Base64URL.encode(primitives.modulus))\""
            members["e"] = "\"\(Base64URL.encode(primitives.publicExponent))\""
        case .p256(let key): point("P-256", key.publicKey.rawRepresentation)
        case .p384(let key): point("P-384", key.publicKey.rawRepresentation)
        case .p521(let key): point("P-521", key.publicKey.rawRepresentation)
        case .ed25519(let key):
            members["kty"] = #""OKP""#
            members["crv"] = #""Ed25519""#
            members["x"] = "\"\(Base64URL.encode(key.publicKey.rawRepresentation))\""
        }
        return members
    }

    /// The issuer's key set.
    public static func keySet(_ signers: TokenSigner...) throws -> String {
        #"{"keys":[\#(try signers.map { object(try $0.members()) }.joined(separator: ","))]}"#
    }

    /// Members given as JSON; `nil` members are left out.
    public static func object(_ members: [String: String?]) -> String {
        let pairs = members.sorted { $0.key < $1.key }.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// A token signed with a client's secret.
    public static func token(_ claims: [String: String?], algorithm: String, secret: String) -> String {
        let header = Base64URL.encode(#"{"alg":"\#(algorithm)"}"#.utf8)
        let input = header + "." + Base64URL.encode(object(claims).utf8)
        return input + "." + Base64URL.encode(code(algorithm, input, secret: secret))
    }

    /// The HMAC of `text`, or without a secret its hash.
    public static func code(_ algorithm: String, _ text: String, secret: String?) -> [UInt8] {
        let data = Data(text.utf8)
        let key = secret.map { SymmetricKey(data: Data($0.utf8)) }
        switch (algorithm.suffix(3), key) {
        case ("256", let key?): return Array(HMAC<SHA256>.authenticationCode(for: data, using: key))
        case ("384", let key?): return Array(HMAC<SHA384>.authenticationCode(for: data, using: key))
        case (_, let key?): return Array(HMAC<SHA512>.authenticationCode(for: data, using: key))
        case ("256", nil): return Array(SHA256.hash(data: data))
        case ("384", nil): return Array(SHA384.hash(data: data))
        default: return Array(SHA512.hash(data: data))
        }
    }

    public func header(_ changes: [String: String?] = [:]) -> String {
        var members: [String: String?] = [
            "alg": "\"\(algorithm)\"", "typ": #""JWT""#, "kid": keyID.map { "\"\($0)\"" },
        ]
        members.merge(changes) { $1 }
        return Self.object(members)
    }

    public func token(header: String, payload: String) throws -> String {
        let input = Base64URL.encode(header.utf8) + "." + Base64URL.encode(payload.utf8)
        return input + "." + Base64URL.encode(try sign(Data(input.utf8)))
    }

    public func token(_ claims: [String: String?], header changes: [String: String?] = [:]) throws -> String {
        try token(header: header(changes), payload: Self.object(claims))
    }

    private func sign(_ input: Data) throws -> Data {
        switch key {
        case .rsa(let key):
            switch algorithm {
            case "RS256":
                try key.signature(for: SHA256.hash(data: input), padding: .insecurePKCS1v1_5).rawRepresentation
            case "RS384":
                try key.signature(for: SHA384.hash(data: input), padding: .insecurePKCS1v1_5).rawRepresentation
            case "RS512":
                try key.signature(for: SHA512.hash(data: input), padding: .insecurePKCS1v1_5).rawRepresentation
            case "PS256": try key.signature(for: SHA256.hash(data: input), padding: .PSS).rawRepresentation
            case "PS384": try key.signature(for: SHA384.hash(data: input), padding: .PSS).rawRepresentation
            default: try key.signature(for: SHA512.hash(data: input), padding: .PSS).rawRepresentation
            }
        case .p256(let key): try key.signature(for: SHA256.hash(data: input)).rawRepresentation
        case .p384(let key): try key.signature(for: SHA384.hash(data: input)).rawRepresentation
        case .p521(let key): try key.signature(for: SHA512.hash(data: input)).rawRepresentation
        case .ed25519(let key): try key.signature(for: input)
        }
    }
}
