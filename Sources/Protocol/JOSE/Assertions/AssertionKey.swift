internal import Crypto
internal import CryptoExtras
internal import Formats
package import OAuth
package import SecretMemory

/// A key that signs a client's assertions. Crypto's key types are not wiped when they are freed.
package struct AssertionKey: Sendable {
    private enum Material: Sendable {
        case secret(SecretBytes)
        case rsa(_RSA.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    /// The key id (RFC 7515 §4.1.4), by which the provider selects the public key.
    package let id: String?
    /// Whose key it is, if its file says so.
    package var holder: ServiceAccount?
    private let material: Material

    private init(_ material: Material, id: String? = nil) {
        self.material = material
        self.id = id
    }

    /// For `client_secret_jwt`. RFC 7518 §3.2 requires 32 bytes or more, but the provider chose the secret.
    package init(secret: SecretBytes) { self.init(.secret(secret)) }

    init(rsa key: _RSA.Signing.PrivateKey, id: String? = nil) { self.init(.rsa(key), id: id) }

    init(p256 key: P256.Signing.PrivateKey, id: String? = nil) { self.init(.p256(key), id: id) }

    /// The one algorithm that the key is for (RFC 7518 §3.1).
    package var algorithm: String {
        switch material {
        case .secret: "HS256"
        case .rsa: "RS256"
        case .p256: "ES256"
        }
    }

    func sign(_ input: [UInt8]) throws(ClientProofFailure) -> [UInt8] {
        do {
            switch material {
            case .secret(let secret):
                let key = secret.withBytes { SymmetricKey(data: $0) }
                return Array(HMAC<SHA256>.authenticationCode(for: input, using: key))
            case .rsa(let key):
                let digest = SHA256.hash(data: input)
                return Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
            case .p256(let key): return Array(try key.signature(for: SHA256.hash(data: input)).rawRepresentation)
            }
        } catch {
            throw ClientProofFailure(
                "cannot sign with the client's key", hint: "check the key file, or create a new key")
        }
    }
}

/// Reads a client's private key: PEM (PKCS#8, SEC1 or PKCS#1), a JWK (RFC 7517), or the JSON file of a service account.
extension AssertionKey {
    /// Parses a key file; `path` is for error messages only. The parsers create copies of the key that cannot be wiped.
    package init(file: SecretBytes, path: String) throws(ClientProofFailure) {
        do throws(ClientProofFailure) {
            let bytes = file.revealed()
            let isJSON = bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
            self = isJSON ? try Self.json(bytes) : try Self.pem(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ClientProofFailure("\(path): \(error.problem)", hint: error.hint)
        }
    }

    private static func pem(_ text: String, id: String? = nil) throws(ClientProofFailure) -> AssertionKey {
        let text = text.replacing("\r\n", with: "\n")
        guard !text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----"), !text.contains("Proc-Type: 4,ENCRYPTED") else {
            throw .encrypted
        }
        // Files from 'openssl ecparam' have the curve's parameters before the key, others have certificates.
        let labels = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"]
        guard let block = labels.lazy.compactMap({ block($0, in: text) }).first else {
            throw text.contains("PUBLIC KEY-----") ? .publicKey : .noKey
        }
        if let key = try? P256.Signing.PrivateKey(pemRepresentation: block) { return AssertionKey(p256: key, id: id) }
        if let key = try? _RSA.Signing.PrivateKey(pemRepresentation: block) { return AssertionKey(rsa: key, id: id) }
        if let key = try? _RSA.Signing.PrivateKey(unsafePEMRepresentation: block) {
            throw .shortRSA(key.keySizeInBits)
        }
        if (try? P384.Signing.PrivateKey(pemRepresentation: block)) != nil { throw .otherType("EC on P-384") }
        if (try? P521.Signing.PrivateKey(pemRepresentation: block)) != nil { throw .otherType("EC on P-521") }
        throw .unreadable
    }

    private static func block(_ label: String, in text: String) -> String? {
        let (begin, end) = ("-----BEGIN \(label)-----", "-----END \(label)-----")
        guard let start = text.firstRange(of: begin), let stop = text[start.upperBound...].firstRange(of: end) else {
            return nil
        }
        return String(text[start.lowerBound..<stop.upperBound])
    }

    private static func json(_ text: [UInt8]) throws(ClientProofFailure) -> AssertionKey {
        guard case .object(let members)? = try? JSONReader.read(text) else { throw .unreadable }
        let fields = ReplyFields(members)
        guard let text = fields.string("private_key") else {
            // Google's other credentials have the same form.
            if members["kty"] == nil, let type = fields.string("type") {
                throw .otherCredential(DisplayText.clean(type, limit: 40))
            }
            return try webKey(members)
        }
        var key = try pem(text, id: fields.string("private_key_id"))
        key.holder = ServiceAccount(fields)
        return key
    }

    /// Reads a private JWK (RFC 7518 §6.2.2 and §6.3.2). Its key id goes into the header of each assertion.
    private static func webKey(_ members: [String: JSONValue]) throws(ClientProofFailure) -> AssertionKey {
        guard members["keys"] == nil else { throw .otherType("key set") }
        let fields = ReplyFields(members)
        func bytes(_ name: String) -> [UInt8]? {
            guard case .string(let text)? = members[name] else { return nil }
            return Base64URL.decode(text.utf8)
        }
        guard let type = fields.string("kty") else { throw .noKey }
        guard type == "EC" || type == "RSA" else { throw .otherType(DisplayText.clean(type, limit: 20)) }
        guard let d = bytes("d") else { throw members["d"] == nil ? .publicKey : .unreadable }
        let id = fields.string("kid")
        if type == "EC" {
            guard fields.string("crv") == "P-256" else {
                throw .otherType("EC on \(DisplayText.clean(fields.string("crv") ?? "no curve", limit: 20))")
            }
            guard let key = try? P256.Signing.PrivateKey(rawRepresentation: d) else { throw .unreadable }
            return AssertionKey(p256: key, id: id)
        }
        guard let n = bytes("n"), let e = bytes("e"), let p = bytes("p"), let q = bytes("q") else { throw .unreadable }
        // The modulus has no leading zeros (RFC 7518 §6.3.1.1).
        guard n.count >= 256 else { throw .shortRSA(n.count * 8) }
        guard let key = try? _RSA.Signing.PrivateKey(n: n, e: e, d: d, p: p, q: q) else { throw .unreadable }
        return AssertionKey(rsa: key, id: id)
    }
}

/// The reasons why a file has no usable key.
extension ClientProofFailure {
    private static let types = "an EC key on P-256 or an RSA key of 2048 bits or more"

    fileprivate static let noKey = ClientProofFailure(
        "the file does not contain a private key",
        hint: "set client_key_file to a file with \(types), as PEM or as a JWK")
    fileprivate static let unreadable = ClientProofFailure("the private key cannot be read", hint: noKey.hint)
    fileprivate static let encrypted = ClientProofFailure(
        "the private key is encrypted",
        hint: "decrypt it with 'openssl pkey' and set mode 600; the agent cannot ask for a passphrase")
    fileprivate static let publicKey = ClientProofFailure(
        "the file contains a public key",
        hint: "register the public key at the provider, and set client_key_file to the private key")

    fileprivate static func otherCredential(_ type: String) -> ClientProofFailure {
        ClientProofFailure(
            "the file is a credential of the type '\(type)', without a private key",
            hint: "set client_key_file to the key file of a service account, or to a private key")
    }

    fileprivate static func otherType(_ type: String) -> ClientProofFailure {
        ClientProofFailure("the private key is of the type \(type), which is not supported", hint: newKey)
    }

    fileprivate static func shortRSA(_ bits: Int) -> ClientProofFailure {
        ClientProofFailure("the RSA key has \(bits) bits, but providers require at least 2048", hint: newKey)
    }

    private static let newKey = "create \(types), and register it at the provider"
}
