import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent inspect`: its output and its exit code.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct InspectCommandTests {
    /// Returns the token with another subject and the old signature.
    private func tampered(_ token: String) throws -> String {
        var parts = token.split(separator: ".").map(String.init)
        let payload = try #require(Self.decode(parts[1]))
        var claims = try #require(try JSONSerialization.jsonObject(with: payload) as? [String: Any])
        claims["sub"] = "somebody-else"
        parts[1] = Self.encode(try JSONSerialization.data(withJSONObject: claims))
        return parts.joined(separator: ".")
    }

    /// Returns the token with one bit of the signature flipped.
    private func broken(_ token: String) throws -> String {
        var parts = token.split(separator: ".").map(String.init)
        var signature = try #require(Self.decode(parts[2]))
        signature[signature.count / 2] ^= 1
        parts[2] = Self.encode(signature)
        return parts.joined(separator: ".")
    }

    private static func encode(_ bytes: Data) -> String {
        bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func decode(_ text: String) -> Data? {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4))
    }

    private func forged(_ claims: String, header: String = #"{"alg":"ES256","kid":"k"}"#) -> String {
        let parts = [header, claims].map { Self.encode(Data($0.utf8)) }
        return parts.joined(separator: ".") + ".AAAA"
    }

    private func reply(_ result: ChildProcess.Result) throws -> InspectReply {
        try APIJSON.decode(InspectReply.self, from: result.output.utf8)
    }

    @Test("a real server's JWT has a valid signature; a tampered one on standard input is exit code 1")
    func realServer() async throws {
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome()
        let login = try await home.login(
            "work",
            ["--issuer", glewlwyd.issuer, "--client-id", "tv", "--store", "memory"] + Glewlwyd.scopeOptions
        ) { try await glewlwyd.approve($0, client: "tv") }
        try #require(login.status == 0, "\(login.output)\(login.errors)\(home.log)")

        let inspected = try await home.authagent("inspect", "work")
        #expect(inspected.status == 0, "\(inspected.output)\(inspected.errors)")
        #expect(
            inspected.lines.first == "access token of 'work': a JWT; checked with the keys of \(glewlwyd.issuer)",
            "\(inspected.output)")
        #expect(inspected.lines.contains { $0.hasPrefix("ID token of 'work': a JWT; checked with the keys of ") })
        #expect(inspected.lines.count { $0.hasPrefix("  signature: valid (RS256, kid ") } == 2)
        #expect(inspected.lines.contains { $0.hasPrefix("    exp: ") && $0.contains(", expires in ") })
        #expect(inspected.lines.contains { $0.hasPrefix("    iat: ") && $0.contains(", issued ") })

        for option in [[], ["--id-token"]] {
            let token = try #require(try await home.client(["token", "work"] + option).result().lines.first)
            #expect(!inspected.output.contains(token), "the token itself is not shown")
            let good = try await home.authagent("inspect", "-", input: token + "\n")
            #expect(good.status == 0, "\(good.errors)")
            #expect(good.lines.contains { $0.hasPrefix("  signature: valid (RS256") })
            for wrong in [try tampered(token), try broken(token)] {
                let bad = try await home.authagent("inspect", "-", input: wrong)
                #expect(bad.status == 1)
                #expect(bad.lines.contains("  signature: invalid (its signature is wrong)"), "\(bad.output)")
                #expect(bad.errors.contains("authagent: error: the signature is invalid"))
            }
            let cut = try await home.authagent("inspect", "-", "--json", input: String(token.dropLast(3)))
            #expect(cut.status == 1)
            #expect(try reply(cut).tokens.first?.signature?.state == .invalid)
        }
    }

    @Test("a real server answers introspection of a confidential client, and refuses it to a public one")
    func introspection() async throws {
        let keyring = try await PrivateKeyring()
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome(keyring: keyring)
        let secret = try home.files.file("secret", "s3cret\n")
        let options = ["--issuer", glewlwyd.issuer] + Glewlwyd.scopeOptions
        let confidential = try await home.login(
            "srv", options + ["--client-id", "server", "--client-secret-file", secret]
        ) { try await glewlwyd.approve($0, client: "server") }
        try #require(confidential.status == 0, "\(confidential.output)\(confidential.errors)")
        let jwt = try await home.authagent("inspect", "srv", "--introspect", "--json")
        #expect(jwt.status == 0, "\(jwt.output)\(jwt.errors)")
        let access = try #require(try reply(jwt).tokens.first)
        #expect(access.role == .accessToken)
        #expect(access.signature?.state == .valid)
        #expect(access.introspection?.state == .active)
        // Glewlwyd's refresh tokens are opaque.
        let opaque = try #require(try await keyring.refreshToken(of: "srv"))
        let active = try await home.authagent("inspect", "-", "--account", "srv", input: opaque)
        #expect(active.status == 0, "\(active.output)\(active.errors)")
        #expect(active.lines.first == "the token: an opaque token; introspected at the provider (RFC 7662)")
        #expect(active.lines.contains("  introspection: active"))
        #expect(!active.output.contains(opaque))
        let unknown = try await home.authagent("inspect", "-", "--account", "srv", input: "no-such-token")
        #expect(unknown.status == 1)
        #expect(unknown.lines.contains("  introspection: inactive"), "\(unknown.output)")

        let open = try await home.login("tv", options + ["--client-id", "tv"]) {
            try await glewlwyd.approve($0, client: "tv")
        }
        try #require(open.status == 0)
        let refused = try await home.authagent("inspect", "-", "--account", "tv", "--json", input: opaque)
        #expect(refused.status == 0, "\(refused.output)\(refused.errors)")
        #expect(try reply(refused).tokens.first?.introspection?.state == .unavailable)
    }

    @Test("for opaque tokens the known facts are shown, and the ID token is verified")
    func opaque() async throws {
        let demo = try await DemoLogin(scopes: ["openid"])
        try await demo.logIn()
        let result = try await demo.home.authagent("inspect")
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.lines.first == "access token of 'work': an opaque token; the provider did not reply",
            "\(result.output)")
        #expect(result.lines.contains { $0.hasPrefix("  expires in ") })
        #expect(result.lines.contains("  introspection: unavailable (the provider has no introspection endpoint)"))
        #expect(result.lines.contains("  signature: valid (ES256, kid demo-1)"))
        #expect(result.lines.contains("    sub: ann"))
    }

    @Test("a token of an issuer without an account is only decoded and marked so; no request is sent")
    func stranger() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let requests = demo.issuer.log.count
        let token = forged(#"{"iss":"https://elsewhere.example","sub":"x","exp":1}"#)
        for arguments in [["inspect", "-"], ["inspect", "-", "--account", "work", "--introspect"]] {
            let result = try await demo.home.client(arguments, input: token).result()
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.lines.first == "the token: a JWT; only decoded")
            #expect(result.lines.contains { $0.hasPrefix("  signature: not checked (") })
            #expect(result.lines.contains { $0.hasPrefix("    exp: 1, expired ") && $0.hasSuffix(" d ago") })
        }
        let plain = try await demo.home.authagent("inspect", "-", input: "opaque")
        #expect(plain.status == 0)
        #expect(plain.lines == ["the token: an opaque token; not checked"])
        #expect(demo.issuer.log.count == requests)
    }

    @Test("J1: a token with alg none, or with an embedded key, is invalid", arguments: ["none", "HS256", "ES256"])
    func forgery(algorithm: String) async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let header = #"{"alg":"\#(algorithm)","jwk":{"kty":"oct","k":"AA"},"jku":"\#(demo.issuer.issuer)/keys"}"#
        let token = forged(#"{"iss":"\#(demo.issuer.issuer)","sub":"ann"}"#, header: header)
        let result = try await demo.home.authagent("inspect", "-", "--json", input: token)
        #expect(result.status == 1)
        #expect(try reply(result).tokens.first?.signature?.state == .invalid)
    }

    @Test("S1: the contents of a token are shown without control characters")
    func terminal() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let claims =
            #"{"iss":"x","n\u001b[31m":"a\u001b[2Jb\u0007\u202ec\u009b1m","o":{"p\u0000":["\u001b]0;t\u0007q"]}}"#
        for option in [[], ["--json"]] {
            let result = try await demo.home.client(["inspect", "-"] + option, input: forged(claims)).result()
            #expect(result.status == 0)
            let hasControls = result.output.unicodeScalars.contains {
                $0 != "\n" && ($0.properties.generalCategory == .control || $0.properties.generalCategory == .format)
            }
            #expect(!hasControls, "\(result.output)")
            #expect(result.output.contains("abc"))
        }
    }

    @Test("usage: --account needs '-', standard input holds one token, and without a login the exit code is 3")
    func usage() async throws {
        let demo = try await DemoLogin()
        #expect(try await demo.home.authagent("inspect").status == 2)
        #expect(try await demo.home.authagent("inspect", "work", "--account", "x").status == 2)
        #expect(try await demo.home.authagent("inspect", "work").status == 1)
        try await demo.logIn()
        for input in ["", "\n", "two tokens", "a\u{7}", String(repeating: "a", count: 70_000)] {
            let result = try await demo.home.authagent("inspect", "-", input: input)
            #expect(result.status == 1)
            #expect(result.errors.contains("standard input does not contain a token"))
        }
        try await demo.home.authagent("logout", "work")
        #expect(try await demo.home.authagent("inspect", "work").status == 3)
    }
}
