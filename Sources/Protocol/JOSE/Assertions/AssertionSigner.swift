internal import Formats
internal import FoundationEssentials
package import OAuth
package import SecretMemory

/// Signs a new assertion for each request (RFC 7523 §3, OpenID Connect Core 1.0 §9).
package struct AssertionSigner: ClientAssertionSigner {
    private let algorithms: [String]?
    private let wall: @Sendable () -> Int
    private let randomBytes: @Sendable (Int) -> [UInt8]
    private let key: @Sendable () throws(ClientProofFailure) -> AssertionKey

    /// Seconds. Long enough for a slow network and clocks that differ a little, and no longer.
    package static let lifetime = 60

    /// `algorithms` are those that the provider lists, if it does; `wall` is in seconds since 1970. `key` is asked for
    /// each assertion, so that a new one is in use at once.
    package init(
        algorithms: [String]?, wall: @escaping @Sendable () -> Int, randomBytes: @escaping @Sendable (Int) -> [UInt8],
        key: @escaping @Sendable () throws(ClientProofFailure) -> AssertionKey
    ) {
        self.algorithms = algorithms
        self.wall = wall
        self.randomBytes = randomBytes
        self.key = key
    }

    package func assertion(
        clientID: String, audience: String
    ) throws(ClientProofFailure) -> SecretBytes {
        let key = try key()
        if let algorithms, !algorithms.contains(key.algorithm) {
            let listed = DisplayText.clean(algorithms.joined(separator: ", "), limit: 200)
            throw ClientProofFailure(
                "the client signs with \(key.algorithm), and the provider takes \(listed)",
                hint: "use another key or another client_auth, or have the provider allow \(key.algorithm)"
            )
        }
        let now = wall()
        let claims = Claims(
            iss: clientID, sub: clientID, aud: audience,
            // 128 bits, so that no two are ever the same.
            jti: Base64URL.encode(randomBytes(16)), iat: now, exp: now + Self.lifetime
        )
        let header = Header(alg: key.algorithm, kid: key.id, typ: "JWT")
        let input = Self.part(header) + "." + Self.part(claims)
        return SecretBytes(input + "." + Base64URL.encode(try key.sign(Array(input.utf8))))
    }

    private static func part(_ members: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and whole numbers cannot fail to be encoded.
        guard let data = try? encoder.encode(members) else { preconditionFailure("the assertion is not JSON") }
        return Base64URL.encode(data)
    }

    private struct Header: Encodable {
        let alg: String
        let kid: String?
        let typ: String
    }

    private struct Claims: Encodable {
        let iss: String
        let sub: String
        let aud: String
        let jti: String
        let iat: Int
        let exp: Int
    }
}
