import OAuth
import SecretMemory
import Testing

@Suite struct DeviceAuthorizationTests {
    private func read(_ response: HTTPResponse) throws(OAuthFailure) -> DeviceAuthorization {
        try DeviceAuthorization(ProviderReply(response))
    }

    private func failure(_ response: HTTPResponse) -> OAuthFailure? {
        do throws(OAuthFailure) { _ = try read(response) } catch { return error }
        return nil
    }

    /// The reply with one member replaced or, with `nil`, left out.
    private func reply(_ name: String, _ value: String?) -> HTTPResponse {
        var members = [
            "device_code": "\"dc\"", "user_code": "\"WDJB-MJHT\"", "verification_uri": "\"https://idp.example/device\"",
            "expires_in": "900", "interval": "7",
        ]
        members[name] = value
        return HTTPResponse(200, "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}")
    }

    @Test("every member is read")
    func complete() throws {
        let authorization = try read(reply("verification_uri_complete", "\"https://idp.example/device?c=WDJB-MJHT\""))
        #expect(authorization.deviceCode.revealedText() == "dc")
        #expect(authorization.userCode == "WDJB-MJHT")
        #expect(authorization.verificationURI == "https://idp.example/device")
        #expect(authorization.verificationURIComplete == "https://idp.example/device?c=WDJB-MJHT")
        #expect(authorization.expiresIn == 900)
        #expect(authorization.interval == 7)
    }

    @Test(
        "D1: an absent or invalid interval is 5 s",
        arguments: [nil, "null", "0", "-3", "\"x\"", "[]"])
    func defaultInterval(value: String?) throws {
        #expect(try read(reply("interval", value)).interval == 5)
    }

    @Test("an interval may be text, and is at most 5 minutes")
    func interval() throws {
        #expect(try read(reply("interval", "\"5\"")).interval == 5)
        #expect(try read(reply("interval", "60")).interval == 60)
        #expect(try read(reply("interval", "1e12")).interval == 300)
        // Rounded up, because it is the minimum wait.
        #expect(try read(reply("interval", "5.2")).interval == 6)
    }

    @Test("a lifetime is bounded, and 10 minutes if absent")
    func lifetime() throws {
        #expect(try read(reply("expires_in", nil)).expiresIn == 600)
        #expect(try read(reply("expires_in", "-1")).expiresIn == 600)
        #expect(try read(reply("expires_in", "\"300\"")).expiresIn == 300)
        #expect(try read(reply("expires_in", "60000000000")).expiresIn == 86_400)
    }

    @Test("Google's names for the verification URI are accepted")
    func verificationURL() throws {
        let authorization = try read(
            HTTPResponse(
                200,
                """
                {"device_code":"d","user_code":"u","verification_url":"https://g.example/device",
                "verification_url_complete":"https://g.example/device?u"}
                """
            )
        )
        #expect(authorization.verificationURI == "https://g.example/device")
        #expect(authorization.verificationURIComplete == "https://g.example/device?u")
    }

    @Test("AWS's camelCase is accepted")
    func camelCase() throws {
        let authorization = try read(
            HTTPResponse(
                200,
                """
                {"deviceCode":"d","userCode":"u","verificationUri":"https://g.example/device","expiresIn":"600",
                "verificationUriComplete":"https://g.example/device?u"}
                """
            )
        )
        #expect(authorization.deviceCode.revealedText() == "d")
        #expect(authorization.verificationURIComplete == "https://g.example/device?u")
        #expect(authorization.expiresIn == 600)
    }

    @Test("two spellings of one member are accepted only if they agree")
    func spellings() throws {
        #expect(try read(reply("verification_url", "\"https://idp.example/device\"")).userCode == "WDJB-MJHT")
        #expect(try read(reply("deviceCode", "\"\"")).deviceCode.revealedText() == "dc")
        for (name, value) in [
            ("verification_url", "\"https://x.example/\""), ("deviceCode", "\"x\""), ("userCode", "7"),
        ] {
            guard case .badResponse(let detail) = failure(reply(name, value)) else {
                Issue.record("\(name) is accepted")
                continue
            }
            #expect(detail.hasPrefix("the reply holds two different values of"))
        }
    }

    @Test("a user code without a device code is another protocol", arguments: [nil, "null"])
    func otherProtocol(value: String?) {
        guard case .deviceFlowUnsupported = failure(reply("device_code", value)) else {
            Issue.record("something else")
            return
        }
    }

    @Test("a form is accepted, with the case of its user code")
    func form() throws {
        let body =
            "device_code=d&user_code=VAL12e0v&verification_uri=https%3A%2F%2Fg.example%2Fl&expires_in=9&interval=8"
        let authorization = try read(HTTPResponse(200, body))
        #expect(authorization.userCode == "VAL12e0v")
        #expect(authorization.interval == 8)
    }

    @Test(
        "S1: a code or a URI that cannot be shown safely is a bad response",
        arguments: [
            ("device_code", "\"\""), ("device_code", "7"), ("device_code", "\"a\\u0000\""),
            ("user_code", nil), ("user_code", "\"A\\u001b[2JB\""), ("user_code", "\"\\u202eAB\""), ("user_code", "{}"),
            ("user_code", "\"\(String(repeating: "A", count: 65))\""), ("verification_uri", nil),
            ("verification_uri", "\"javascript:alert(1)\""), ("verification_uri", "\"https://good.example@evil/\""),
            ("verification_uri", "\"https://h/\\u001b[31m\""), ("verification_uri", "\"https://h/\\n\""),
            ("verification_uri", "\"device\""), ("verification_uri", "7"),
            ("verification_uri", "\"https://h/\(String(repeating: "a", count: 2048))\""),
        ] as [(String, String?)]
    )
    func unusable(name: String, value: String?) throws {
        guard case .badResponse = failure(reply(name, value)) else {
            Issue.record("\(name) \(value ?? "absent") is accepted")
            return
        }
    }

    @Test("a complete URI that cannot be shown is dropped", arguments: ["\"x\"", "\"https://a@b/\"", "7", "\"\""])
    func badComplete(value: String) throws {
        #expect(try read(reply("verification_uri_complete", value)).verificationURIComplete == nil)
    }

    private func read(_ response: HTTPResponse, origin: String) throws(OAuthFailure) -> DeviceAuthorization {
        try DeviceAuthorization(ProviderReply(response), origin: origin)
    }

    @Test(
        "a verification URI without a host gets the issuer's, and one without a scheme gets https",
        arguments: [
            ("/device", "https://idp.example:8443/device"), ("device?x=1", "https://idp.example:8443/device?x=1"),
            ("./go", "https://idp.example:8443/./go"), ("//h.example/d", "https://h.example/d"),
            ("h.example/device", "https://h.example/device"), ("h.example", "https://h.example"),
            ("h.example:8443/d", "https://h.example:8443/d"), ("localhost/d", "https://localhost/d"),
            (" https://h.example/d ", "https://h.example/d"), ("http://10.0.0.1/d", "http://10.0.0.1/d"),
        ])
    func careless(written: String, shown: String) throws {
        let found = try read(reply("verification_uri", "\"\(written)\""), origin: "https://idp.example:8443")
        #expect(found.verificationURI == shown)
        let complete = try read(
            reply("verification_uri_complete", "\"\(written)\""), origin: "https://idp.example:8443")
        #expect(complete.verificationURIComplete == shown)
    }

    @Test("a valid complete URI is enough", arguments: [nil, "null", "\"\"", "\"javascript:alert(1)\"", "7"])
    func onlyComplete(value: String?) throws {
        let members = value.map { #""verification_uri":\#($0),"# } ?? ""
        let body = #"{"device_code":"d","user_code":"U",\#(members)"verification_uri_complete":"/go?code=U"}"#
        let found = try read(HTTPResponse(200, body), origin: "https://idp.example")
        #expect(found.verificationURI == "https://idp.example/go?code=U")
        #expect(found.verificationURIComplete == found.verificationURI)
        #expect(found.userCode == "U")
    }

    @Test(
        "S1: an invalid URI stays invalid with any origin",
        arguments: [
            "javascript:alert(1)", "data:text/html,x", "mailto:a@b", "/\\u001b[31m", "a b", "https:/x", "ftp://h/",
        ])
    func stillUnusable(written: String) {
        #expect(throws: OAuthFailure.self) {
            try read(reply("verification_uri", "\"\(written)\""), origin: "https://idp.example")
        }
    }

    @Test("an OAuth error is reported with any status", arguments: [200, 400, 401, 403, 404, 429])
    func providerError(status: Int) {
        #expect(
            failure(HTTPResponse(status, #"{"error":"unauthorized_client","error_description":"no\r\nway"}"#))
                == .provider(ProviderError(code: "unauthorized_client", detail: "no way", status: status))
        )
    }

    @Test("a missing endpoint means no device grant", arguments: [404, 405, 501])
    func unsupported(status: Int) {
        for body in ["<html>", "", #"{"message":"no"}"#] {
            guard case .deviceFlowUnsupported = failure(HTTPResponse(status, body)) else {
                Issue.record("status \(status) with \(body) is something else")
                continue
            }
        }
    }

    @Test("an unavailable server is unreachable for now", arguments: [429, 500, 502, 503])
    func outOfOrder(status: Int) {
        for body in [#"{"x":1}"#, #"{"error":"made_up"}"#, ""] {
            guard case .transport(.unreachable) = failure(HTTPResponse(status, body)) else {
                Issue.record("status \(status) with \(body) is something else")
                continue
            }
        }
    }

    @Test("a temporary error is not a refusal", arguments: ["slow_down", "temporarily_unavailable"])
    func passing(code: String) {
        guard case .transport(.unreachable) = failure(HTTPResponse(400, #"{"error":"\#(code)"}"#)) else {
            Issue.record("something else")
            return
        }
    }

    @Test("T5: a redirect is refused")
    func redirect() {
        #expect(
            failure(HTTPResponse(307, "", [("Location", "https://evil.example/")]))
                == .badResponse(detail: "the server answers with a redirect (status 307), which is not followed")
        )
    }

    @Test(
        "anything else is a bad response",
        arguments: [(200, "<html>"), (200, ""), (200, "<OAuth/>"), (400, ""), (401, "{}")])
    func nonsense(status: Int, body: String) {
        guard case .badResponse = failure(HTTPResponse(status, body)) else {
            Issue.record("\(status) \(body) is something else")
            return
        }
    }
}
