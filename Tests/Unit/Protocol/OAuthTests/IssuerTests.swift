import OAuth
import Testing

@Suite struct IssuerTests {
    @Test("M2: OpenID Connect appends the well-known part to the path, RFC 8414 inserts it before")
    func pathIssuer() throws {
        #expect(
            try Issuer(parsing: "https://idp.example/realms/work").metadataURLs.map(\.text) == [
                "https://idp.example/realms/work/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server/realms/work",
                "https://idp.example/.well-known/openid-configuration/realms/work",
            ]
        )
    }

    @Test(
        "M2: without a path, both forms are the same URL", arguments: ["https://idp.example", "https://idp.example/"])
    func rootIssuer(text: String) throws {
        #expect(
            try Issuer(parsing: text).metadataURLs.map(\.text) == [
                "https://idp.example/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server",
            ]
        )
    }

    @Test("M2: a final slash is removed from the metadata URL, but kept in the identifier")
    func finalSlash() throws {
        let issuer = try Issuer(parsing: "https://idp.example/app/")
        #expect(issuer.text == "https://idp.example/app/")
        #expect(issuer.metadataURLs.first?.text == "https://idp.example/app/.well-known/openid-configuration")
        #expect(issuer.metadataURLs[1].text == "https://idp.example/.well-known/oauth-authorization-server/app")
    }

    @Test(
        "an issuer other than https, or loopback http, without query and fragment is refused",
        arguments: [
            ("http://idp.example", .insecure(host: "idp.example")),
            ("https://idp.example/?tenant=1", .query),
            ("https://idp.example/?", .query),
            ("https://idp.example/#x", .fragment),
            ("https://me@idp.example/", .userInfo),
            ("idp.example", .notAbsolute),
            ("https://login.example/{tenantid}/v2.0", .forbiddenCharacter),
        ] as [(String, URLRejection)]
    )
    func refuses(text: String, reason: URLRejection) {
        #expect(throws: reason) { try Issuer(parsing: text) }
    }
}
