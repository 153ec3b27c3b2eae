import Crypto
import CryptoExtras
import Formats
import Foundation
import JOSE
import OAuth
import SecretMemory
import TestSupport
import Testing

/// T6: key files in the formats that users have.
struct AssertionKeyTests {
    /// Shared, because creating one takes seconds in a debug build.
    private static let rsa = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }

    private func key(_ text: String) throws -> AssertionKey {
        try AssertionKey(file: SecretBytes(text), path: "/keys/tv.pem")
    }

    private func refusal(_ text: String) throws -> String {
        let failure = #expect(throws: ClientProofFailure.self) { try key(text) }
        let words = try #require(failure)
        #expect(words.problem.hasPrefix("/keys/tv.pem: ") && !words.hint.isEmpty)
        return words.description
    }

    private func assertion(_ key: AssertionKey) throws -> (input: Data, signature: Data, header: String) {
        let signer = AssertionSigner(algorithms: nil, wall: { 0 }, randomBytes: { [UInt8](repeating: 7, count: $0) }) {
            key
        }
        let text = try signer.assertion(clientID: "c", audience: "a").revealedText()
        let parts = text.split(separator: ".")
        let header = try #require(Base64URL.decode(parts[0].utf8))
        let signature = try #require(Base64URL.decode(parts[2].utf8))
        return (Data("\(parts[0]).\(parts[1])".utf8), Data(signature), String(decoding: header, as: UTF8.self))
    }

    private func expectSigns(_ key: AssertionKey, as pair: P256.Signing.PrivateKey) throws -> String {
        let (input, signature, header) = try assertion(key)
        let parsed = try P256.Signing.ECDSASignature(rawRepresentation: signature)
        #expect(pair.publicKey.isValidSignature(parsed, for: SHA256.hash(data: input)))
        return header
    }

    private func expectSigns(_ key: AssertionKey, as pair: _RSA.Signing.PrivateKey) throws -> String {
        let (input, signature, header) = try assertion(key)
        #expect(
            pair.publicKey.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: input),
                padding: .insecurePKCS1v1_5))
        return header
    }

    /// Creates a key with the `openssl` command, in the format that `convert` produces.
    private func openssl(_ generate: [String], _ convert: [String] = []) async throws -> String {
        let openssl = try MissingProgram.require("openssl", package: "openssl")
        let files = try TemporaryDirectory()
        let made = try await ChildProcess.run(openssl, generate + ["-out", files.path + "/key"])
        try #require(made.status == 0, "\(made.errors)")
        guard !convert.isEmpty else { return try String(contentsOfFile: files.path + "/key", encoding: .utf8) }
        let converted = try await ChildProcess.run(openssl, convert + ["-in", files.path + "/key"])
        try #require(converted.status == 0, "\(converted.errors)")
        return converted.output
    }

    private func block(_ label: String, _ der: Data) -> String {
        "-----BEGIN \(label)-----\n\(der.base64EncodedString(options: .lineLength64Characters))\n-----END \(label)-----\n"
    }

    @Test("T6: an EC key signs ES256, as PKCS#8, as SEC1, or after other text in the file")
    func p256() throws {
        let pair = P256.Signing.PrivateKey()
        #expect(try expectSigns(try key(pair.pemRepresentation), as: pair) == #"{"alg":"ES256","typ":"JWT"}"#)
        let windows = "Bag Attributes\r\n" + pair.pemRepresentation.replacing("\n", with: "\r\n") + "\r\n"
        _ = try expectSigns(try key(windows), as: pair)
    }

    @Test("T6: openssl's output is read: SEC1 after parameters, PKCS#8, PKCS#1")
    func openSSL() async throws {
        let sec1 = try await openssl(["ecparam", "-name", "prime256v1", "-genkey"])
        #expect(sec1.contains("BEGIN EC PARAMETERS") && sec1.contains("BEGIN EC PRIVATE KEY"))
        #expect(try key(sec1).algorithm == "ES256")
        let pkcs8 = try await openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        #expect(try key(pkcs8).algorithm == "ES256")
        let rsa8 = try await openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        #expect(rsa8.contains("BEGIN PRIVATE KEY"))
        #expect(try key(rsa8).algorithm == "RS256")
        let rsa1 = try await openssl(
            ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["rsa", "-traditional"])
        #expect(rsa1.contains("BEGIN RSA PRIVATE KEY"))
        #expect(try key(rsa1).algorithm == "RS256")
    }

    @Test("T6: an RSA key signs RS256, as PEM and as JWK, and the JWK's id is in the header")
    func rsa() throws {
        let pair = try Self.rsa.get()
        #expect(try expectSigns(try key(pair.pemRepresentation), as: pair) == #"{"alg":"RS256","typ":"JWT"}"#)
        let members = try Self.webKey(pair)
        let header = try expectSigns(try key(TokenSigner.object(members)), as: pair)
        #expect(header == #"{"alg":"RS256","kid":"key 1","typ":"JWT"}"#)
    }

    /// PKCS#1 is a SEQUENCE of the INTEGERs version, n, e, d, p, q, … (RFC 8017 appendix A.1.2).
    private static func webKey(_ pair: _RSA.Signing.PrivateKey) throws -> [String: String?] {
        var rest = ArraySlice(pair.derRepresentation)
        func length() -> Int {
            rest.removeFirst()
            let first = Int(rest.removeFirst())
            guard first > 0x80 else { return first }
            let bytes = rest.prefix(first - 0x80)
            rest = rest.dropFirst(bytes.count)
            return bytes.reduce(0) { $0 << 8 | Int($1) }
        }
        _ = length()
        var members: [String: String?] = ["kty": #""RSA""#, "kid": #""key 1""#]
        for name in ["version", "n", "e", "d", "p", "q"] {
            let count = length()
            if name != "version" { members[name] = "\"\(Base64URL.encode(rest.prefix(count).drop { $0 == 0 }))\"" }
            rest = rest.dropFirst(count)
        }
        return members
    }

    @Test("T6: a JWK on P-256 signs ES256 under its id")
    func webKey() throws {
        let pair = P256.Signing.PrivateKey()
        let members: [String: String?] = [
            "kty": #""EC""#, "crv": #""P-256""#, "kid": #""k-7""#,
            "d": "\"\(Base64URL.encode(pair.rawRepresentation))\"",
        ]
        let header = try expectSigns(try key("\n" + TokenSigner.object(members)), as: pair)
        #expect(header == #"{"alg":"ES256","kid":"k-7","typ":"JWT"}"#)
        for (change, word) in [
            (["d": nil], "public key"), (["crv": #""P-384""#], "P-384"), (["kty": #""oct""#], "oct"),
            (["d": #""AA""#], "cannot be read"), (["kty": nil], "not contain a private key"),
            (["keys": "[]"], "key set"),
        ] as [([String: String?], String)] {
            let text = TokenSigner.object(members.merging(change) { $1 })
            #expect(try refusal(text).contains(word), "\(text)")
        }
    }

    @Test("T6: other curves, other types and small RSA keys are refused with a remedy")
    func otherKeys() async throws {
        #expect(try refusal(P384.Signing.PrivateKey().pemRepresentation).contains("P-384"))
        #expect(try refusal(P521.Signing.PrivateKey().pemRepresentation).contains("P-521"))
        let small = try await openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])
        #expect(try refusal(small).contains("1024 bits"))
        let edwards = try await openssl(["genpkey", "-algorithm", "ED25519"])
        #expect(try refusal(edwards).contains("an EC key on P-256 or an RSA key of 2048 bits or more"))
    }

    @Test("T6: an unusable key is reported without any content of the file")
    func noKey() async throws {
        #expect(try refusal(P256.Signing.PrivateKey().publicKey.pemRepresentation).contains("public key"))
        #expect(try refusal("hunter2").contains("not contain a private key"))
        #expect(try !refusal("hunter2").contains("hunter2"))
        #expect(try refusal("").contains("not contain a private key"))
        #expect(try refusal("{\"kty\":").contains("cannot be read"))
        #expect(try refusal(block("PRIVATE KEY", Data("nonsense".utf8))).contains("cannot be read"))
        let encrypted = try await openssl(
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            ["pkey", "-aes128", "-passout", "pass:x"])
        #expect(try refusal(encrypted).contains("openssl pkey"))
        let traditional = try await openssl(
            ["ecparam", "-name", "prime256v1", "-genkey", "-noout"], ["ec", "-aes128", "-passout", "pass:x"])
        #expect(try refusal(traditional).contains("encrypted"))
    }
}
