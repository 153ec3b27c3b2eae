internal import Formats
package import OAuth
package import SecretMemory

/// A signer that creates a new assertion for each request (RFC 7523 §3, OpenID Connect Core 1.0 §9).
package struct AssertionSigner: ClientAssertionSigner {
    private let algorithms: [String]?
    private let wall: @Sendable () -> Int
    private let randomBytes: @Sendable (Int) -> [UInt8]
    private let key: @Sendable () throws(ClientProofFailure) -> AssertionKey

    /// In seconds. Allows for a slow network and small clock differences only.
    package static let lifetime = 60

    /// `algorithms` are those that the provider lists; `wall` returns seconds since 1970. `key` is called for each
    /// assertion, so that a replaced key takes effect at once.
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
        try require(key)
        let now = wall()
        return try AssertionClaims(
            iss: clientID, sub: clientID, aud: audience,
            // 128 bits make each id unique.
            jti: Base64URL.encode(randomBytes(16)), iat: now, exp: now + Self.lifetime
        ).signed(with: key)
    }

    /// Refuses a key whose algorithm the provider does not list.
    private func require(_ key: AssertionKey) throws(ClientProofFailure) {
        if let algorithms, !algorithms.contains(key.algorithm) {
            let listed = DisplayText.clean(algorithms.joined(separator: ", "), limit: 200)
            throw ClientProofFailure(
                "the client signs with \(key.algorithm), but the provider accepts \(listed)",
                hint: "use another key or another client_auth, or allow \(key.algorithm) at the provider"
            )
        }
    }
}
