import Formats
import Foundation
import OAuth
import SecretMemory
import Testing

struct AuthorizationResponseTests {
    private static let query = "code=c-1&state=\(CodeLogin.state)&iss=https%3A%2F%2Fidp.example"

    @Test(
        "a response is read as a whole address, its path, its query or base64 of one, with quotes and line breaks",
        arguments: [
            "http://127.0.0.1:1234/callback?\(query)", "/callback?\(query)", "?\(query)", query,
            "127.0.0.1:1234/callback?\(query)", "\(query)&next=https://a.example/?b=c",
            "http://127.0.0.1:9999/callback?\(query)", "  \"http://127.0.0.1:1234/callback?\(query)\"\n",
            "<http://127.0.0.1:1234/callback?\(query)>", "http://127.0.0.1:1234/callback?\(query)#",
            "http://127.0.0.1:1234/callback?\(query)#_=_",
            "http://127.0.0.1:1234/callback?code=c-1&st\r\n  ate=\(CodeLogin.state)&iss=https://idp.example",
            Data(query.utf8).base64EncodedString(), Base64URL.encode(Array("?\(query)".utf8)),
            "\(query)&session_state=x&scope=a+b&authuser=0&plugin=oidc&plugin=two", "%63ode=c-1&\(query.dropFirst(9))",
        ])
    func forms(text: String) throws {
        #expect(try CodeLogin().result(text) == "code c-1")
    }

    @Test("where the redirect URI has its port, a response at another one is not this login's")
    func fixedPort() throws {
        let login = try CodeLogin(redirectURI: "http://127.0.0.1:8400/callback")
        #expect(login.result(CodeLogin.address("code=c", at: "http://127.0.0.1:8400/callback")) == "code c")
        #expect(login.result(CodeLogin.address("code=c", at: "http://127.0.0.1:8401/callback")) == "other_address")
        #expect(login.result(CodeLogin.address("code=c", at: "/callback")) == "code c")
    }

    @Test("a '+' in a code stays, since some servers do not encode it")
    func plus() throws {
        #expect(try CodeLogin().result(CodeLogin.address("code=4/a+b%2Bc%3D")) == "code 4/a+b+c=")
    }

    @Test(
        "what is not this login's response is ignored, and says why",
        arguments: [
            (CodeLogin.address("code=c", at: "http://127.0.0.1:1234/"), "other_address"),
            (CodeLogin.address("code=c", at: "http://127.0.0.1:1234/callback/"), "other_address"),
            (CodeLogin.address("code=c", at: "https://evil.example/callback"), "other_address"),
            (CodeLogin.address("code=c", at: "http://127.0.0.1:1234@evil.example/callback"), "other_address"),
            (CodeLogin.address("code=c", at: "/other"), "other_address"),
            (CodeLogin.address("code=c", at: "javascript://x"), "other_address"),
            ("http://127.0.0.1:1234/callback", "no_code"), (CodeLogin.address("x=1"), "no_code"),
            (CodeLogin.address("code="), "no_code"), (CodeLogin.address("code=a&code=b"), "duplicate_parameter"),
            (CodeLogin.address("code=a&state=\(CodeLogin.state)"), "duplicate_parameter"),
            (CodeLogin.address("code=a&iss=https://idp.example"), "duplicate_parameter"),
            (CodeLogin.address("error=a&error=b"), "duplicate_parameter"),
            (CodeLogin.address("code=a&%63ode=a"), "duplicate_parameter"),
            (CodeLogin.address("code=a&error=access_denied"), "malformed_parameter"),
            (CodeLogin.address("code=a%0Ab"), "malformed_parameter"),
            (CodeLogin.address("code=a%zz"), "malformed_parameter"),
            (CodeLogin.address("code=%C3%A9"), "malformed_parameter"),
            (CodeLogin.address("code=a%00"), "malformed_parameter"),
            (CodeLogin.address("code=a&access_token=t"), "tokens"), (CodeLogin.address("code=a&id_token=t"), "tokens"),
            (CodeLogin.address("response=jwt"), "signed_response"),
            ("http://127.0.0.1:1234/callback#\(query)", "fragment"),
            (CodeLogin.address("code=a") + "#access_token=t", "fragment"),
            ("http://127.0.0.1:1234/callback?code=a", "no_state"), ("code=a&state=", "no_state"),
            ("code=a&state=x", "unknown_state"), ("code=a&state=\(CodeLogin.state)A", "unknown_state"),
            ("code=a&state=\(CodeLogin.state.lowercased())", "unknown_state"),
            ("", "unreadable"), ("  \n", "unreadable"), ("a-bare-code", "unreadable"),
            ("\u{1B}[31mcode=a", "unreadable"),
            ("codé=a&state=b", "unreadable"), (String(repeating: "a=b&", count: 70), "unreadable"),
            (String(repeating: "a", count: 65_537), "too_long"),
        ])
    func ignored(text: String, reason: String) throws {
        #expect(try CodeLogin().result(text) == reason)
    }

    @Test(
        "iss is compared with the recorded issuer byte for byte (RFC 9207 §2.4)",
        arguments: [
            (true, "iss=https://idp.example", "code c"), (true, "", "no_issuer"), (true, "iss=", "no_issuer"),
            (true, "iss=https://evil.example", "other_issuer"), (true, "iss=https://idp.example/", "other_issuer"),
            (true, "iss=https://IDP.example", "other_issuer"), (true, "iss=https://idp.example:443", "other_issuer"),
            (false, "iss=https://idp.example", "code c"), (false, "", "code c"),
            (false, "iss=https://evil.example", "other_issuer"), (false, "iss=%00", "malformed_parameter"),
        ])
    func issuers(isPromised: Bool, parameter: String, result: String) throws {
        let login = try CodeLogin(metadata: #""authorization_response_iss_parameter_supported":\#(isPromised)"#)
        #expect(login.result("code=c&state=\(CodeLogin.state)&\(parameter)") == result)
    }

    @Test(
        "without metadata an issuer must at least be at the provider's own place",
        arguments: [
            ("", "code c"), ("iss=https://idp.example/login/oauth", "code c"),
            ("iss=https://evil.example", "unknown_issuer"),
            ("iss=https://idp.example.evil.example", "unknown_issuer"), ("iss=idp.example", "unknown_issuer"),
        ])
    func noMetadata(parameter: String, result: String) throws {
        #expect(try CodeLogin(metadata: nil).result("code=c&state=\(CodeLogin.state)&\(parameter)") == result)
    }

    @Test("Entra's multi-tenant endpoints name a tenant's issuer")
    func entra() throws {
        let issuer = "https://login.microsoftonline.com/common/v2.0"
        let metadata = try #require(
            try ServerMetadata(
                fields(#"{"issuer":"https://login.microsoftonline.com/{tenantid}/v2.0"}"#),
                askedFor: try Issuer(parsing: issuer)))
        let login = try CodeLogin()
        let transaction = AuthorizationTransaction(
            redirectURI: login.redirectURI, proofKey: login.transaction.proofKey, server: login.server,
            metadata: metadata, scopes: [], randomBytes: { [UInt8](repeating: 0, count: $0) })
        func isAccepted(_ iss: String) -> Bool {
            let text = "code=c&state=\(CodeLogin.state)&iss=\(iss)"
            if case .code = AuthorizationResponse(text.utf8, to: transaction) { return true }
            return false
        }
        #expect(isAccepted("https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0"))
        #expect(!isAccepted("https://login.microsoftonline.com/{tenantid}/v2.0"))
        #expect(!isAccepted("https://evil.example/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0"))
    }

    @Test("an error with the right state and issuer is the provider's refusal, in harmless words")
    func errors() throws {
        let login = try CodeLogin()
        #expect(
            login.result(CodeLogin.address("error=access_denied&error_description=No%1B%5B31m+thanks%0A"))
                == "refused access_denied: No thanks")
        #expect(login.result(CodeLogin.address("error=own_word")) == "refused own_word")
        #expect(
            login.result(CodeLogin.address("error=a&error_description=\(CodeLogin.state)")) == "refused a: <redacted>")
        guard
            case .refused(let error) = AuthorizationResponse(
                CodeLogin.address("error=\(String(repeating: "e", count: 5000))&error_description=%FF").utf8,
                to: login.transaction)
        else { return #expect(Bool(false)) }
        #expect(error.code.unicodeScalars.count == 64)
        #expect(error.detail == "\u{FFFD}")
    }

    @Test("of an error without this login's state or issuer nothing is shown but a known code")
    func foreignErrors() throws {
        let login = try CodeLogin()
        func rejection(_ text: String) -> String {
            guard case .ignored(let rejection) = AuthorizationResponse(text.utf8, to: login.transaction) else {
                return ""
            }
            return rejection.description
        }
        let lure = "error_description=Call+0123"
        let known = rejection("http://127.0.0.1:1234/callback?error=login_required&\(lure)")
        #expect(known.contains("'login_required'"))
        let others = [
            "error=call_0123&\(lure)", "error=access_denied&state=x&\(lure)",
            "error=access_denied&state=\(CodeLogin.state)&iss=https://evil.example&\(lure)",
            "error=access_denied&state=\(CodeLogin.state)&\(lure)",
        ]
        for text in [known] + others.map(rejection) {
            #expect(!text.contains("0123"))
            #expect(!text.contains("evil"))
        }
    }

    @Test("a bare code counts only where it is allowed; a wrong state or an error never does")
    func bareCode() throws {
        let login = try CodeLogin(metadata: #""x":1"#)
        for code in ["SplxlOBeZQQYbYS6WxSbIA", "4/0AdeuP=_-.~", "eyJhbGciOiJub25lIn0.e30."] {
            #expect(login.result(code, allowsBareCode: true) == "code \(code)")
            #expect(login.result(code) == "unreadable")
            #expect(login.result("code=\(code)", allowsBareCode: true) == "code \(code)")
        }
        for typed in ["y", "exit", "ls -la"] { #expect(login.result(typed, allowsBareCode: true) == "unreadable") }
        #expect(login.result("code=c&state=x", allowsBareCode: true) == "unknown_state")
        #expect(login.result("error=access_denied", allowsBareCode: true) == "no_state")
        #expect(login.result("http://evil.example/?code=c", allowsBareCode: true) == "other_address")
    }

    @Test("two logins' responses swapped are both ignored, and each takes its own")
    func swapped() throws {
        let login = try CodeLogin()
        let other = AuthorizationTransaction(
            redirectURI: login.redirectURI, proofKey: login.transaction.proofKey, server: login.server, metadata: nil,
            scopes: [], randomBytes: { [UInt8](repeating: 7, count: $0) })
        let address = "code=c&state=\(other.state.revealedText())"
        #expect(login.result(address) == "unknown_state")
        guard case .code = AuthorizationResponse(address.utf8, to: other) else { return #expect(Bool(false)) }
    }

    @Test("no variation of a good response makes the agent fail or take another code")
    func mutations() throws {
        let login = try CodeLogin()
        let good = Array(CodeLogin.address("code=c-1").utf8)
        for index in good.indices {
            for byte in [UInt8(0), 0x0A, 0x23, 0x25, 0x26, 0x2B, 0x3D, 0x3F, 0x80, 0xFF] {
                var bytes = good
                bytes[index] = byte
                switch AuthorizationResponse(bytes, to: login.transaction) {
                // The code itself is the only thing that may change.
                case .code(let code): #expect(code.count <= 3)
                case .refused: #expect(Bool(false))
                case .ignored: break
                }
            }
            _ = AuthorizationResponse(good[..<index], to: login.transaction)
            _ = AuthorizationResponse(good[index...], to: login.transaction)
        }
    }
}
