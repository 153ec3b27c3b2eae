import Formats
import Foundation
import JOSE
import OAuth
import Synchronization
import TestSupport
import Testing

struct KeySetTests {
    private func keys(_ changes: [String: String?], _ signer: TokenSigner) throws -> KeySet {
        let members = (try signer.members() as [String: String?]).merging(changes) { $1 }
        return try IDTokenFixture.keySet(#"{"keys":[\#(TokenSigner.object(members))]}"#)
    }

    @Test("J1: use, key_ops and alg of a key are respected")
    func purpose() throws {
        var fixture = try IDTokenFixture()
        for allowed in [
            ["use": nil], ["key_ops": #"["verify"]"#], ["key_ops": #"["sign","verify"]"#], ["alg": #""ES256""#],
        ] as [[String: String?]] {
            fixture.keys = try keys(allowed, fixture.signer)
            try fixture.verify(fixture.token())
        }
        let x = try fixture.signer.members()["x"]
        for refused in [
            ["use": #""enc""#], ["use": "1"], ["key_ops": #"["encrypt"]"#], ["key_ops": "[]"],
            ["key_ops": #""verify""#],
            ["d": #""AAAA""#], ["kty": #""RSA""#], ["crv": #""P-384""#], ["crv": #""secp256k1""#], ["x": nil],
            ["x": #""AAAA""#], ["y": x], ["kty": nil],
        ] as [[String: String?]] {
            fixture.keys = try keys(refused, fixture.signer)
            #expect(try fixture.refusal(fixture.token()) == .unknownKey(id: "k1"), "\(refused)")
        }
        fixture.keys = try keys(["alg": #""ES384""#], fixture.signer)
        #expect(try fixture.refusal(fixture.token()) == .unfitKey(id: "k1", algorithm: "ES256"))
    }

    @Test("J1: an RSA key is used only with its algorithm, and a short one is ignored")
    func rsa() throws {
        var fixture = try IDTokenFixture(TokenSigner("PS256"))
        fixture.keys = try keys(["alg": #""RS256""#], fixture.signer)
        #expect(try fixture.refusal(fixture.token()) == .unfitKey(id: "k1", algorithm: "PS256"))
        let short = Base64URL.encode([0xFF] + [UInt8](repeating: 1, count: 127))
        fixture.keys = try keys(["n": "\"\(short)\""], fixture.signer)
        #expect(fixture.keys.keys.isEmpty)
    }

    /// The same bytes in the spellings of lenient issuers.
    private func spellings(_ bytes: [UInt8]) -> [String] {
        let standard = Data(bytes).base64EncodedString()
        return [
            Base64URL.encode(bytes), standard, standard.replacing("=", with: ""),
            standard.replacing("+", with: "-").replacing("/", with: "_"), " \(standard)\\n",
        ]
    }

    @Test("coordinates in non-standard spellings are read", arguments: ["ES256", "ES384", "ES512"])
    func carelessPoints(algorithm: String) throws {
        // One in 256 keys has a coordinate with a leading zero byte.
        var signer = try TokenSigner(algorithm)
        func coordinate(_ name: String) throws -> [UInt8] {
            try #require(Base64URL.decode(try signer.members()[name]?.dropFirst().dropLast().utf8 ?? "".utf8.prefix(0)))
        }
        var tries = 0
        while try coordinate("x").first != 0 || coordinate("x").dropFirst().first == 0, tries < 20_000 {
            signer = try TokenSigner(algorithm)
            tries += 1
        }
        var fixture = try IDTokenFixture(signer)
        let token = try fixture.token()
        let (x, y) = (try coordinate("x"), try coordinate("y"))
        #expect(x.first == 0)
        for short in [x, Array(x.drop { $0 == 0 }), [0] + x] {
            for text in spellings(short) {
                fixture.keys = try keys(["x": "\"\(text)\"", "y": "\"\(spellings(y)[1])\""], signer)
                try fixture.verify(token)
            }
        }
    }

    @Test("an RSA key in a non-standard spelling is read, and only a broken entry is skipped")
    func carelessRSA() throws {
        var fixture = try IDTokenFixture(TokenSigner("RS256"))
        let token = try fixture.token()
        let members = try fixture.signer.members()
        let modulus = try #require(Base64URL.decode(members["n"]?.dropFirst().dropLast().utf8 ?? "".utf8.prefix(0)))
        for number in [modulus, [0] + modulus, [0, 0] + modulus] {
            for text in spellings(number) {
                fixture.keys = try keys(["n": "\"\(text)\"", "e": #""AAEAAQ==""#], fixture.signer)
                try fixture.verify(token)
            }
        }
        let good = TokenSigner.object(members)
        for broken in ["{}", "7", #"{"kty":"RSA","kid":"k1","n":"*","e":"AQAB"}"#, #"{"kty":"RSA","kid":"k1"}"#] {
            fixture.keys = try IDTokenFixture.keySet(#"{"keys":[\#(broken),\#(good),\#(broken)]}"#)
            try fixture.verify(token)
        }
    }

    @Test("an unsupported key does not hide the others")
    func mixed() throws {
        var fixture = try IDTokenFixture()
        let good = TokenSigner.object(try fixture.signer.members())
        fixture.keys = try IDTokenFixture.keySet(
            #"{"keys":[null,1,"x",{},{"kty":"AKP","kid":"k1"},{"kty":"oct","kid":"k1","k":"AA"},\#(good)]}"#)
        try fixture.verify(fixture.token())
    }

    @Test("J2: without a key id, a few keys of the right type are tried")
    func noKeyID() throws {
        var fixture = try IDTokenFixture()
        let token = try fixture.token(header: ["kid": nil])
        let strangers = try (0..<KeySet.maximumAttempts).map { try TokenSigner("ES256", keyID: "s\($0)") }
        let others = try ["ES384", "ES512", "EdDSA", "RS256"].map { try TokenSigner($0, keyID: $0) }
        func set(_ signers: [TokenSigner]) throws -> KeySet {
            let keys = try signers.map { TokenSigner.object(try $0.members()) }.joined(separator: ",")
            return try IDTokenFixture.keySet(#"{"keys":[\#(keys)]}"#)
        }
        fixture.keys = try set(others + strangers.dropLast() + [fixture.signer])
        try fixture.verify(token)
        fixture.keys = try set(strangers + [fixture.signer])
        #expect(try fixture.refusal(token) == .badSignature(isKeyKnown: false))
        fixture.keys = try set(others)
        #expect(try fixture.refusal(token) == .unknownKey(id: nil))
    }

    @Test("a key without an id is tried for a token that names a key")
    func keyWithoutID() throws {
        var fixture = try IDTokenFixture()
        fixture.keys = try keys(["kid": nil], fixture.signer)
        try fixture.verify(fixture.token())
    }

    @Test("J2: keys are fetched again only for a key that may be new")
    func newKey() {
        #expect(IDTokenRejection.unknownKey(id: "k").mayBeNewKey)
        #expect(IDTokenRejection.badSignature(isKeyKnown: false).mayBeNewKey)
        #expect(!IDTokenRejection.badSignature(isKeyKnown: true).mayBeNewKey)
        #expect(!IDTokenRejection.unfitKey(id: "k", algorithm: "ES256").mayBeNewKey)
        #expect(!IDTokenRejection.wrongAudience.mayBeNewKey)
    }

    @Test("the number of keys is bounded")
    func bounded() throws {
        let key = TokenSigner.object(try TokenSigner().members())
        let many = #"{"keys":[\#(Array(repeating: key, count: 300).joined(separator: ","))]}"#
        #expect(try IDTokenFixture.keySet(many).keys.count == KeySet.maximumKeys)
    }

    @Test(
        "a document that is not a key set is refused",
        arguments: ["{}", #"{"keys":{}}"#, #"{"keys":null}"#, #"{"keys":[],"keys":[]}"#, "[]", "", "<html>", "keys=a"])
    func noKeySet(document: String) async throws {
        let transport = OneReply(.success(HTTPResponse(status: 200, body: Array(document.utf8))))
        let url = try EndpointURL(parsing: "https://issuer.example/keys")
        await #expect(throws: OAuthFailure.self) { try await KeySet.fetch(url, over: transport) }
    }
}

/// A provider that always sends the same reply.
struct OneReply: HTTPTransport {
    let reply: Result<HTTPResponse, TransportFailure>

    init(_ reply: Result<HTTPResponse, TransportFailure>) { self.reply = reply }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse { try reply.get() }
}
