import Crypto
import CryptoExtras
import Formats
import Foundation
import JOSE
import OAuth
import SecretMemory
import TestSupport
import Testing

/// The assertions of JWT bearer grants (RFC 7523 §2.1), signed here or by another program.
struct GrantAssertionTests {
    private func object(_ assertion: SecretBytes, _ index: Int) throws -> [String: JSONValue] {
        let parts = assertion.revealedText().split(separator: ".")
        let bytes = try #require(Base64URL.decode(parts[index].utf8))
        guard case .object(let members) = try JSONReader.read(bytes) else { return [:] }
        return members
    }

    private func assertion(
        clientID: String? = "tv", subject: String? = nil, at endpoint: String = "https://idp.example/token"
    ) throws -> GrantAssertion {
        GrantAssertion(
            clientID: clientID, subject: subject, audience: "https://idp.example",
            endpoint:
                try EndpointURL(parsing: endpoint), scopes: ["a", "b"])
    }

    private func googleKey(tokenURI: String = "https://idp.example/token") throws -> AssertionKey {
        let pem = try _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation
        let members = [
            "type": "service_account", "private_key": pem, "private_key_id": "k7",
            "client_email": "robot@project.example", "token_uri": tokenURI,
        ]
        let data = try JSONSerialization.data(withJSONObject: members)
        return try AssertionKey(file: SecretBytes(Array(data)), path: "/key.json")
    }

    @Test("an assertion names issuer, subject, audience, times and an id of its own")
    func claims() throws {
        let key = try AssertionKey(file: SecretBytes(try TestKeys.p256()), path: "/key")
        let signed = try assertion(subject: "alice").signed(with: key, wall: 1_000, id: [1, 2, 3])
        let claims = ReplyFields(try object(signed, 1))
        #expect(claims.text("iss") == "tv" && claims.text("sub") == "alice")
        #expect(claims.text("aud") == "https://idp.example" && claims.text("jti") == Base64URL.encode([1, 2, 3]))
        #expect(claims.text("iat") == "1000" && claims.text("exp") == "1180" && claims["scope"] == nil)
        let own = try assertion().signed(with: key, wall: 1_000, id: [1])
        #expect(ReplyFields(try object(own, 1)).text("sub") == "tv")
    }

    @Test("the key file of a service account names issuer and key id, and its assertion the scopes")
    func serviceAccount() throws {
        let signed = try assertion(clientID: nil).signed(with: try googleKey(), wall: 1_000, id: [1])
        let (header, claims) = (ReplyFields(try object(signed, 0)), ReplyFields(try object(signed, 1)))
        #expect(header.text("kid") == "k7" && header.text("alg") == "RS256")
        #expect(claims.text("iss") == "robot@project.example" && claims["sub"] == nil)
        #expect(claims.text("scope") == "a b")
        let delegated = try assertion(clientID: nil, subject: "alice").signed(with: try googleKey(), wall: 1, id: [1])
        #expect(ReplyFields(try object(delegated, 1)).text("sub") == "alice")
    }

    @Test("a service account's assertion is not signed for a server that its key file does not name")
    func foreignEndpoint() throws {
        let key = try googleKey(tokenURI: "https://oauth2.googleapis.com/token")
        #expect(throws: ClientProofFailure.self) { try assertion(clientID: nil).signed(with: key, wall: 1, id: [1]) }
    }

    @Test("without a client id and a service account there is no issuer")
    func noIssuer() throws {
        let key = try AssertionKey(file: SecretBytes(try TestKeys.p256()), path: "/key")
        #expect(throws: ClientProofFailure.self) { try assertion(clientID: nil).signed(with: key, wall: 1, id: [1]) }
    }

    @Test("another credential of Google is refused by its type")
    func otherCredential() {
        let file = SecretBytes(#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#)
        let failure = #expect(throws: ClientProofFailure.self) { try AssertionKey(file: file, path: "/key.json") }
        #expect(failure?.problem.contains("authorized_user") == true)
    }

    private func jwt(_ claims: String) -> String {
        [#"{"alg":"RS256"}"#, claims].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".") + ".c2ln"
    }

    @Test("an assertion from a file loses the line's end, and keeps its expiry")
    func file() throws {
        let text = jwt(#"{"exp":2000.7}"#)
        let found = try PresentedAssertion(file: SecretBytes(" \(text)\r\n"), path: "/jwt")
        #expect(found.secret.revealedText() == text && found.expiresAt == 2000)
        #expect(throws: Never.self) { try found.requireValid(at: 1_999, path: "/jwt") }
        let failure = #expect(throws: ClientProofFailure.self) { try found.requireValid(at: 2_000, path: "/jwt") }
        #expect(failure?.problem == "/jwt: the assertion expired at 1970-01-01T00:33:20Z")
    }

    @Test("an assertion without an expiry, or with one out of range, is left to the provider")
    func noExpiry() throws {
        for claims in ["{}", #"{"exp":"soon"}"#, #"{"exp":1e300}"#] {
            let found = try PresentedAssertion(file: SecretBytes(jwt(claims)), path: "/jwt")
            #expect(throws: Never.self) { try found.requireValid(at: 1 << 40, path: "/jwt") }
        }
        let old = try PresentedAssertion(file: SecretBytes(jwt(#"{"exp":-5}"#)), path: "/jwt")
        #expect(throws: ClientProofFailure.self) { try old.requireValid(at: 1, path: "/jwt") }
    }

    @Test(
        "what is no assertion is refused with its path, and not shown", arguments: ["", "s3cret", "a.b", "a.b.c.d.e"])
    func noAssertion(text: String) {
        let failure = #expect(throws: ClientProofFailure.self) {
            try PresentedAssertion(file: SecretBytes(text), path: "/jwt")
        }
        #expect(failure?.problem.hasPrefix("/jwt: ") == true && failure?.description.contains("s3cret") == false)
    }
}
