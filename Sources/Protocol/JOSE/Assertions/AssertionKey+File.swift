internal import Crypto
internal import CryptoExtras
internal import Formats
package import OAuth
package import SecretMemory

/// Reading a client's private key: PEM, which is PKCS#8, SEC1 or PKCS#1, or a JWK (RFC 7517).
extension AssertionKey {
    /// `path` is only for the words of an error. The parsers make plain copies of the key that cannot be wiped.
    package init(file: SecretBytes, path: String) throws(ClientProofFailure) {
        do throws(Unfitness) {
            let bytes = file.revealed()
            let isJSON = bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
            self = isJSON ? try Self.webKey(bytes) : try Self.pem(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ClientProofFailure("\(path): \(error.problem)", hint: error.hint)
        }
    }

    /// Why a file holds no key that can be used.
    private enum Unfitness: Error {
        case noKey
        case encrypted
        case publicKey
        case unreadable
        case otherType(String)
        /// In bits.
        case shortRSA(Int)

        var problem: String {
            switch self {
            case .noKey: "there is no private key in this file"
            case .encrypted: "the private key is encrypted"
            case .publicKey: "this is a public key"
            case .unreadable: "the private key cannot be read"
            case .otherType(let type): "the private key is of the type \(type), which is not supported"
            case .shortRSA(let bits): "the RSA key has \(bits) bits, and providers take 2048 or more"
            }
        }

        var hint: String {
            let types = "an EC key on P-256 or an RSA key of 2048 bits or more"
            return switch self {
            case .noKey, .unreadable: "client_key_file has to hold \(types), as PEM or as a JWK"
            case .publicKey: "the provider gets the public key; client_key_file has to hold the private one"
            case .encrypted: "nobody could enter its passphrase; decrypt it with 'openssl pkey', and give it mode 600"
            case .otherType, .shortRSA: "make \(types), and register it with the provider"
            }
        }
    }

    private static func pem(_ text: String) throws(Unfitness) -> AssertionKey {
        let text = text.replacing("\r\n", with: "\n")
        guard !text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----"), !text.contains("Proc-Type: 4,ENCRYPTED") else {
            throw .encrypted
        }
        // Files from 'openssl ecparam' have the curve's parameters before the key, others certificates.
        let labels = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"]
        guard let block = labels.lazy.compactMap({ block($0, in: text) }).first else {
            throw text.contains("PUBLIC KEY-----") ? .publicKey : .noKey
        }
        if let key = try? P256.Signing.PrivateKey(pemRepresentation: block) { return AssertionKey(p256: key) }
        if let key = try? _RSA.Signing.PrivateKey(pemRepresentation: block) { return AssertionKey(rsa: key) }
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

    /// RFC 7518 §6.2.2 and §6.3.2. The id of the key goes into the header of what it signs.
    private static func webKey(_ text: [UInt8]) throws(Unfitness) -> AssertionKey {
        guard case .object(let members)? = try? JSONReader.read(text) else { throw .unreadable }
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
        // The modulus has no zeros in front (RFC 7518 §6.3.1.1).
        guard n.count >= 256 else { throw .shortRSA(n.count * 8) }
        guard let key = try? _RSA.Signing.PrivateKey(n: n, e: e, d: d, p: p, q: q) else { throw .unreadable }
        return AssertionKey(rsa: key, id: id)
    }
}
