internal import Formats
internal import FoundationEssentials
internal import OAuth
internal import SecretMemory

/// The claims of an assertion (RFC 7523 §3).
struct AssertionClaims: Encodable {
    var iss: String
    var sub: String?
    var aud: String
    var jti: String
    var iat: Int
    var exp: Int
    /// Of a service account at Google, which takes no parameter `scope`.
    var scope: String?

    /// Returns the assertion in compact form (RFC 7515 §7.1).
    func signed(with key: AssertionKey) throws(ClientProofFailure) -> SecretBytes {
        let header = Header(alg: key.algorithm, kid: key.id, typ: "JWT")
        let input = Self.part(header) + "." + Self.part(self)
        return SecretBytes(input + "." + Base64URL.encode(try key.sign(Array(input.utf8))))
    }

    private static func part(_ members: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and integers always encode.
        guard let data = try? encoder.encode(members) else { preconditionFailure("the assertion is not JSON") }
        return Base64URL.encode(data)
    }

    private struct Header: Encodable {
        let alg: String
        let kid: String?
        let typ: String
    }
}
