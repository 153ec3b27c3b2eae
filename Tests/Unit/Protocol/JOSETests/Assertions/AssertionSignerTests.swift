import Crypto
import CryptoExtras
import Formats
import Foundation
import JOSE
import OAuth
import SecretMemory
import Synchronization
import TestSupport
import Testing

/// T6: assertions (RFC 7523 §3, OpenID Connect Core 1.0 §9).
struct AssertionSignerTests {
    private final class Draws: Sendable {
        let count = Mutex<UInt8>(0)

        /// Returns different bytes on each call.
        @Sendable func bytes(_ count: Int) -> [UInt8] {
            let number = self.count.withLock { count in
                count += 1
                return count
            }
            return [UInt8](repeating: number, count: count)
        }
    }

    private let draws = Draws()

    private func signer(_ key: AssertionKey, algorithms: [String]? = nil, wall: Int = 1_000) -> AssertionSigner {
        AssertionSigner(algorithms: algorithms, wall: { wall }, randomBytes: draws.bytes) { key }
    }

    private func parts(_ assertion: SecretBytes) throws -> (header: [String: JSONValue], claims: [String: JSONValue]) {
        let objects = try assertion.revealedText().split(separator: ".").prefix(2).map { part in
            try JSONReader.read(try #require(Base64URL.decode(part.utf8)))
        }
        guard case .object(let header) = objects[0], case .object(let claims) = objects[1] else {
            Issue.record("no objects")
            return ([:], [:])
        }
        return (header, claims)
    }

    @Test("T6: client_secret_jwt has issuer, audience and expiry, signed with the secret (HS256)")
    func claims() throws {
        let secret = "a-secret-of-at-least-thirty-two-bytes"
        let signer = signer(AssertionKey(secret: SecretBytes(secret)))
        let assertion = try signer.assertion(clientID: "tv", audience: "https://idp.example/token")
        let (header, claims) = try parts(assertion)
        #expect(header == ["alg": .string("HS256"), "typ": .string("JWT")])
        #expect(Set(claims.keys) == ["iss", "sub", "aud", "jti", "iat", "exp"])
        #expect(claims["iss"] == .string("tv"))
        #expect(claims["sub"] == .string("tv"))
        #expect(claims["aud"] == .string("https://idp.example/token"))
        #expect(ReplyFields(claims).text("iat") == "1000")
        #expect(ReplyFields(claims).text("exp") == "1060")
        let text = assertion.revealedText()
        let dot = try #require(text.lastIndex(of: "."))
        let signature = try #require(Base64URL.decode(text[text.index(after: dot)...].utf8))
        #expect(
            HMAC<SHA256>.isValidAuthenticationCode(
                signature, authenticating: Data(text[..<dot].utf8), using: SymmetricKey(data: Data(secret.utf8))))
    }

    @Test("T6: every assertion has its own id")
    func fresh() throws {
        let signer = signer(AssertionKey(secret: SecretBytes("secret")))
        let ids = try (0..<3).map { _ in
            ReplyFields(try parts(try signer.assertion(clientID: "c", audience: "a")).claims).text("jti")
        }
        #expect(Set(ids).count == 3)
        #expect(ids.allSatisfy { $0?.utf8.count == 22 })
    }

    @Test("T6: an algorithm that the provider does not list is refused, and nothing is signed")
    func unlisted() throws {
        let signer = signer(AssertionKey(secret: SecretBytes("secret")), algorithms: ["RS256", "ES256"])
        let failure = #expect(throws: ClientProofFailure.self) {
            try signer.assertion(clientID: "c", audience: "a")
        }
        #expect(failure?.problem.contains("HS256") == true && failure?.problem.contains("RS256, ES256") == true)
        #expect(draws.count.withLock { $0 } == 0)
        let listed = self.signer(AssertionKey(secret: SecretBytes("secret")), algorithms: ["HS256"])
        _ = try listed.assertion(clientID: "c", audience: "a")
    }

    @Test("T6: a replaced key is used for the next assertion")
    func rotation() throws {
        let asked = Mutex(0)
        let signer = AssertionSigner(algorithms: nil, wall: { 0 }, randomBytes: draws.bytes) {
            () throws(ClientProofFailure) in
            let count = asked.withLock { count in
                count += 1
                return count
            }
            guard count < 3 else { throw ClientProofFailure("gone", hint: "put it back") }
            return AssertionKey(secret: SecretBytes("secret-\(count)"))
        }
        let first = try signer.assertion(clientID: "c", audience: "a")
        let second = try signer.assertion(clientID: "c", audience: "a")
        #expect(first != second)
        #expect(throws: ClientProofFailure("gone", hint: "put it back")) {
            try signer.assertion(clientID: "c", audience: "a")
        }
    }
}
