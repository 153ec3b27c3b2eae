import OAuth
import Testing

@Suite struct EndpointURLTests {
    @Test(
        "T1: https anywhere and http to this machine are accepted, and kept byte for byte",
        arguments: [
            "https://idp.example.com/token", "https://IdP.example.com:8443/a/b?x=1&y=%20", "https://[2001:db8::1]/t",
            "https://idp", "HTTPS://idp.example.com/", "http://localhost:8080/token", "http://LOCALHOST/t",
            "http://hydra.localhost/t",
            "http://127.0.0.1/t", "http://127.8.9.255:1/t", "http://[::1]:9/t", "https://a_b.example/t;p=1",
        ]
    )
    func accepts(text: String) throws {
        #expect(try EndpointURL(parsing: text).text == text)
    }

    @Test(
        "T1: plain http to any other host is refused",
        arguments: [
            "http://idp.example.com/token", "http://localhost.example.com/", "http://notlocalhost/",
            "http://.localhost/", "http://127.0.0.1.example.com/",
            "http://128.0.0.1/", "http://127.1/", "http://127.0.0.256/", "http://127.0.0.+1/", "http://0127.0.0.1/",
            "http://127.0.0.01/", "http://127.0.0.1./",
            "http://0.0.0.0/", "http://[::2]/", "http://[::ffff:127.0.0.1]/", "http://example.com#@localhost/",
        ]
    )
    func refusesPlainHTTP(text: String) {
        #expect(throws: URLRejection.self) { try EndpointURL(parsing: text) }
    }

    @Test(
        "a malformed, ambiguous or dangerous URL is refused with its reason",
        arguments: [
            ("", .empty),
            ("https://h/" + String(repeating: "a", count: 2048), .tooLong(limit: 2048)),
            ("https://h/a b", .forbiddenCharacter),
            ("https://h/a\u{0}", .forbiddenCharacter),
            ("https://h/a\r\nX: y", .forbiddenCharacter),
            ("https://h\\@evil/", .forbiddenCharacter),
            ("https://h/{tenantid}", .forbiddenCharacter),
            ("https://hé/", .forbiddenCharacter),
            ("https://h/%", .forbiddenCharacter),
            ("https://h/%4", .forbiddenCharacter),
            ("https://h/%zz", .forbiddenCharacter),
            ("idp.example.com/token", .notAbsolute),
            ("localhost:8080", .notAbsolute),
            ("/token", .notAbsolute),
            ("https:/h", .notAbsolute),
            ("ftp://h/", .unsupportedScheme("ftp")),
            ("file:///etc/passwd", .unsupportedScheme("file")),
            ("https://user@h/", .userInfo),
            ("https://user:pw@h/", .userInfo),
            ("https://good.example:443@evil.example/", .userInfo),
            ("https:///token", .invalidHost),
            ("https://:443/", .invalidHost),
            ("https://[::1/", .invalidHost),
            ("https://[]/", .invalidHost),
            ("https://[::1]x/", .invalidHost),
            ("https://a%2eb/", .invalidHost),
            ("https://h:/", .invalidPort),
            ("https://h:0/", .invalidPort),
            ("https://h:65536/", .invalidPort),
            ("https://h:+1/", .invalidPort),
            ("https://h:1:2/", .invalidPort),
            ("https://h/#f", .fragment),
            ("https://h?q#f", .fragment),
        ] as [(String, URLRejection)]
    )
    func refuses(text: String, reason: URLRejection) {
        #expect(throws: reason) { try EndpointURL(parsing: text) }
    }

    @Test("the origin is in lower case, without the default port")
    func origin() throws {
        #expect(try EndpointURL(parsing: "HTTPS://IdP.Example:443/x").origin == "https://idp.example")
        #expect(try EndpointURL(parsing: "https://idp.example:80/x").origin == "https://idp.example:80")
        #expect(try EndpointURL(parsing: "http://[::1]:8080/x").origin == "http://[::1]:8080")
    }

    @Test("a refusal of plain http names the host and the remedy")
    func describesInsecure() {
        #expect(
            URLRejection.insecure(host: "idp.example").description
                == "it uses plain http to 'idp.example'; only https is safe, http works for localhost only"
        )
    }
}
