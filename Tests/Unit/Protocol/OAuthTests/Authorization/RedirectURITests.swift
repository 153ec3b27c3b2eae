import OAuth
import Testing

struct RedirectURITests {
    @Test(
        "a redirect URI is https, or http to this machine; only a loopback address without a port takes any",
        arguments: [
            ("http://127.0.0.1/callback", true, true), ("http://[::1]/", true, true),
            ("http://localhost/a/b", true, true),
            ("http://127.0.0.1:8400/callback", true, false), ("http://127.0.0.1", true, true),
            ("https://app.example/cb", false, false), ("https://app.example/cb?client=1", false, false),
            ("https://localhost/cb", false, false), ("https://127.0.0.1:8443/cb", false, false),
        ])
    func accepted(text: String, isLoopback: Bool, takesAnyPort: Bool) throws {
        let uri = try RedirectURI(parsing: text)
        #expect(uri.text == text)
        #expect(uri.isLoopback == isLoopback)
        #expect(uri.takesAnyPort == takesAnyPort)
    }

    @Test(
        "a redirect URI that leads elsewhere, or that two readers could read differently, is refused",
        arguments: [
            ("http://app.example/cb", .url(.insecure(host: "app.example"))),
            ("http://127.0.0.2/", .url(.insecure(host: "127.0.0.2"))),
            ("http://evil.localhost/", .url(.insecure(host: "evil.localhost"))),
            ("http://127.0.0.1.evil.example/", .url(.insecure(host: "127.0.0.1.evil.example"))),
            ("http://localhost:80@evil.example/", .url(.userInfo)), ("http://user@127.0.0.1/", .url(.userInfo)),
            ("http://127.0.0.1/#x", .url(.fragment)), ("http://127.0.0.1:0/", .url(.invalidPort)),
            ("http://127.0.0.1:*/", .wildcard), ("https://*.example/cb", .wildcard),
            ("http://127.0.0.1/a/../b", .url(.dotSegment)), ("http://127.0.0.1/%2E%2e/b", .url(.dotSegment)),
            ("https://app.example/cb?code=1", .reservedParameter("code")),
            ("https://app.example/cb?x=1&%73tate=2", .reservedParameter("state")),
            ("com.example.app:/cb", .url(.notAbsolute)), ("myapp://cb", .url(.unsupportedScheme("myapp"))),
            ("//127.0.0.1/", .url(.notAbsolute)), ("", .url(.empty)),
            ("http://127.0.0.1/a b", .url(.forbiddenCharacter)),
        ] as [(String, RedirectURI.Rejection)])
    func refused(text: String, expected: RedirectURI.Rejection) {
        let rejection = #expect(throws: RedirectURI.Rejection.self) { try RedirectURI(parsing: text) }
        #expect(rejection == expected)
        #expect(rejection?.hint.isEmpty == false)
    }

    @Test(
        "the out-of-band redirect URI is refused with its reason and what to use instead",
        arguments: ["urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob:auto", "URN:IETF:WG:OAUTH:2.0:OOB", "oob"])
    func outOfBand(text: String) throws {
        let rejection = #expect(throws: RedirectURI.Rejection.self) { try RedirectURI(parsing: text) }
        #expect(rejection == .flow(.outOfBand))
        #expect(rejection?.description.contains("phishing") == true)
        #expect(rejection?.hint.contains("redirect_uri = \"http://127.0.0.1/callback\"") == true)
    }

    @Test("a login's port goes behind the host and leaves the rest as it is")
    func port() throws {
        let cases = [
            ("http://127.0.0.1/callback", "http://127.0.0.1:5/callback"), ("http://[::1]", "http://[::1]:5"),
            ("http://localhost/?a=b", "http://localhost:5/?a=b"), ("http://127.0.0.1:80/cb", "http://127.0.0.1:80/cb"),
            ("https://app.example/cb", "https://app.example/cb"),
        ]
        for (text, expected) in cases {
            let uri = try RedirectURI(parsing: text).withPort(5)
            #expect(uri.text == expected)
            #expect(!uri.takesAnyPort)
            #expect(uri.withPort(6) == uri)
        }
        #expect(RedirectURI.standard.withPort(0) == .standard)
        // A forwarded port may have another number in the browser than here.
        #expect(RedirectURI.standard.withPort(5).isSame(as: RedirectURI.standard.withPort(6)))
        #expect(RedirectURI.standard.withPort(65_536) == .standard)
    }

    @Test(
        "of two addresses only the port may differ, and only where the first takes any",
        arguments: [
            ("http://127.0.0.1/cb", "http://127.0.0.1:2/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", false),
            ("http://127.0.0.1:1", "http://127.0.0.1:1/", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb/", false),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/CB", false),
            ("http://127.0.0.1:1/cb", "http://localhost:1/cb", false),
            ("http://127.0.0.1:1/cb", "http://[::1]:1/cb", false),
            ("http://127.0.0.1:1/cb", "https://127.0.0.1:1/cb", false),
            ("https://app.example/cb", "https://app.example:443/cb", true),
            ("https://app.example/cb", "https://APP.example/cb", true),
            ("https://app.example/cb", "https://app.example:444/cb", false),
            ("https://app.example/cb", "https://app.example.evil.example/cb", false),
        ])
    func same(one: String, other: String, isSame: Bool) throws {
        #expect(try RedirectURI(parsing: one).isSame(as: RedirectURI(parsing: other)) == isSame)
    }
}

struct RefusedFlowTests {
    @Test(
        "the implicit and hybrid flows are refused as a response type",
        arguments: ["token", "id_token", "id_token token", "code token", "code id_token", "code+token", "TOKEN"])
    func implicit(responseType: String) throws {
        let flow = try #require(RefusedFlow(responseType: responseType))
        #expect(flow == .implicit)
        #expect(flow.reason.contains("RFC 9700 §2.1.2"))
        #expect(flow.instead.contains("--code"))
    }

    @Test("the password grant is refused as a grant", arguments: ["password", "PASSWORD", "ropc"])
    func password(grant: String) throws {
        let flow = try #require(RefusedFlow(grant: grant))
        #expect(flow == .password)
        #expect(flow.reason.contains("RFC 9700 §2.4"))
        #expect(flow.instead.contains("--device or --code"))
    }

    @Test("PKCE's plain method is refused")
    func plain() throws {
        let flow = try #require(RefusedFlow(challengeMethod: "plain"))
        #expect(flow.reason.contains("RFC 9700 §2.1.1"))
        #expect(flow.instead.contains("S256"))
    }

    @Test("what is not refused has no reason")
    func others() {
        #expect(RefusedFlow(responseType: "code") == nil)
        #expect(RefusedFlow(grant: "code") == nil)
        #expect(RefusedFlow(grant: "device") == nil)
        #expect(RefusedFlow(challengeMethod: "S256") == nil)
        #expect(RefusedFlow(redirectURI: "http://127.0.0.1/") == nil)
        #expect(RefusedFlow.implicit == RefusedFlow(grant: "implicit"))
    }
}
