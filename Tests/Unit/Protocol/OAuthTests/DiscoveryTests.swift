import Formats
import OAuth
import Testing

@Suite struct DiscoveryTests {
    private let issuer: Issuer
    private let document = """
        {"issuer":"https://idp.example/r","token_endpoint":"https://idp.example/token",
        "device_authorization_endpoint":"https://idp.example/device","revocation_endpoint":"https://idp.example/revoke",
        "token_endpoint_auth_methods_supported":["client_secret_post","none"],"scopes_supported":["openid"],
        "jwks_uri":"https://keys.example/r","introspection_endpoint":"https://idp.example/introspect",
        "userinfo_endpoint":"/userinfo","x":{"y":[1,null]}}
        """

    init() throws { issuer = try Issuer(parsing: "https://idp.example/r") }

    private func discover(_ transport: ScriptedTransport) async throws(OAuthFailure) -> ServerMetadata {
        try await Discovery(transport: transport).metadata(for: issuer)
    }

    private func failure(_ transport: ScriptedTransport) async -> OAuthFailure? {
        do throws(OAuthFailure) { _ = try await discover(transport) } catch { return error }
        return nil
    }

    @Test("M2: the first document found is used without its unknown members")
    func first() async throws {
        let transport = ScriptedTransport(HTTPResponse(200, document))
        let metadata = try await discover(transport)
        #expect(metadata.tokenEndpoint?.text == "https://idp.example/token")
        #expect(metadata.deviceAuthorizationEndpoint?.text == "https://idp.example/device")
        #expect(metadata.revocationEndpoint?.text == "https://idp.example/revoke")
        #expect(metadata.keysURL?.text == "https://keys.example/r")
        #expect(metadata.introspectionEndpoint?.text == "https://idp.example/introspect")
        #expect(metadata.tokenIssuer == .exact(issuer))
        #expect(metadata.tokenEndpointAuthMethods == ["client_secret_post", "none"])
        #expect(transport.requests.map(\.url.text) == [issuer.metadataURLs[0].text])
        #expect(transport.requests[0].method == .get)
        #expect(transport.requests[0].header("Accept") == "application/json")
    }

    @Test(
        "M2: a URL without metadata is followed by the next one",
        arguments: [
            HTTPResponse(404, "<html>"), HTTPResponse(401), HTTPResponse(400, "{}"), HTTPResponse(200, "<html>"),
            HTTPResponse(200, ""), HTTPResponse(200, #"{"error":"not_found"}"#), HTTPResponse(200, #"{"issuer":7}"#),
            HTTPResponse(302, "", [("Location", "https://evil.example/")]),
        ]
    )
    func movesOn(answer: HTTPResponse) async throws {
        let transport = ScriptedTransport(answer, answer, HTTPResponse(200, document))
        _ = try await discover(transport)
        #expect(transport.requests.map(\.url) == issuer.metadataURLs)
    }

    @Test("without metadata at any URL, a bad response names the last answer")
    func nowhere() async {
        let answer = HTTPResponse(404)
        #expect(
            await failure(ScriptedTransport(answer, answer, answer))
                == .badResponse(
                    detail:
                        "no metadata of the issuer 'https://idp.example/r' found: the server answers with status 404"
                )
        )
    }

    @Test(
        "M1: an issuer that differs in any byte is refused, and no other URL is requested",
        arguments: [
            "https://idp.example/r/", "https://idp.example/R", "https://evil.example/r", "https://IDP.example/r", "",
            "https://idp.example", "https://idp.example:443/r", " https://idp.example/r",
        ]
    )
    func mismatch(found: String) async {
        let transport = ScriptedTransport(HTTPResponse(200, #"{"issuer":"\#(found)"}"#), HTTPResponse(200, document))
        let expected = OAuthFailure.issuerMismatch(
            expected: "https://idp.example/r", found: DisplayText.clean(found)
        )
        #expect(await failure(transport) == expected)
        #expect(transport.requests.count == 1)
    }

    @Test(
        "M1: Entra's template is accepted only for its own two issuers",
        arguments: ["common", "organizations"])
    func entraTemplate(name: String) async throws {
        let template = "https://login.microsoftonline.com/{tenantid}/v2.0"
        func metadata(_ asked: String, _ found: String) async throws -> ServerMetadata {
            let transport = ScriptedTransport(HTTPResponse(200, #"{"issuer":"\#(found)"}"#))
            return try await Discovery(transport: transport).metadata(for: try Issuer(parsing: asked))
        }
        let asked = "https://login.microsoftonline.com/\(name)/v2.0"
        #expect(try await metadata(asked, template).tokenIssuer == .entraTenants)
        #expect(try await metadata(asked, asked).tokenIssuer == .exact(try Issuer(parsing: asked)))
        let others = [
            (asked + "/", template), ("https://login.microsoftonline.com/contoso/v2.0", template),
            ("https://login.microsoftonline.com/consumers/v2.0", template),
            ("https://login.microsoftonline.com/\(name)", template), ("https://evil.example/\(name)/v2.0", template),
            ("https://login.microsoftonline.us/\(name)/v2.0", template), (asked, template + "/"),
            (asked, "https://evil.example/{tenantid}/v2.0"),
            (asked, "https://login.microsoftonline.com/{tenantId}/v2.0"),
            (asked, "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0"),
        ]
        for (asked, found) in others {
            await #expect(throws: OAuthFailure.self, "\(asked) \(found)") { try await metadata(asked, found) }
        }
    }

    @Test("T1: a remote https issuer cannot name a plain http loopback endpoint; a local one can")
    func downgrade() async throws {
        func metadata(_ issuer: String, _ root: String) async throws -> ServerMetadata {
            let document = """
                {"issuer":"\(issuer)","token_endpoint":"\(root)/token","jwks_uri":"\(root)/keys",
                "device_authorization_endpoint":"\(root)/device","revocation_endpoint":"\(root)/revoke",
                "introspection_endpoint":"\(root)/introspect","registration_endpoint":"\(root)/register",
                "mtls_endpoint_aliases":{"token_endpoint":"\(root)/mtls"}}
                """
            let transport = ScriptedTransport(HTTPResponse(200, document))
            return try await Discovery(transport: transport).metadata(for: try Issuer(parsing: issuer))
        }
        for host in ["localhost", "127.0.0.1:8080", "[::1]", "idp.localhost"] {
            let found = try await metadata("https://idp.example", "http://" + host)
            let endpoints = [
                found.tokenEndpoint, found.keysURL, found.deviceAuthorizationEndpoint, found.revocationEndpoint,
                found.introspectionEndpoint, found.registrationEndpoint, found.certificateEndpoints.token,
            ]
            #expect(endpoints.allSatisfy { $0 == nil }, "\(found)")
            #expect(found.refusedEndpoints.count == 6)
        }
        let own = try await metadata("http://localhost:8080", "http://127.0.0.1:9")
        #expect(own.tokenEndpoint != nil && own.certificateEndpoints.token != nil && own.refusedEndpoints.isEmpty)
    }

    @Test("M1: canonically equivalent text is not the same issuer")
    func equivalentUnicode() async throws {
        // U+212A KELVIN SIGN equals "K" for Swift's string comparison.
        let kelvin = try Issuer(parsing: "https://idp.example/K")
        let transport = ScriptedTransport(HTTPResponse(200, "{\"issuer\":\"https://idp.example/\u{212A}\"}"))
        await #expect(throws: OAuthFailure.self) { try await Discovery(transport: transport).metadata(for: kelvin) }
        #expect(transport.requests.count == 1)
    }

    @Test("a host that does not answer ends the discovery with the transport's failure")
    func transportFailure() async {
        for cause in [TransportFailure.unreachable("refused"), .timedOut("10 s"), .tls("expired"), .cancelled] {
            let transport = ScriptedTransport([.failure(cause), .reply(HTTPResponse(200, document))])
            #expect(await failure(transport) == .transport(cause))
            #expect(transport.requests.count == 1)
        }
    }

    @Test(
        "an outage of one well-known URL is ignored if another has the metadata",
        arguments: [
            .reply(HTTPResponse(429)), .reply(HTTPResponse(500)), .reply(HTTPResponse(502, "<html>")),
            .reply(HTTPResponse(503, #"{"issuer":"https://evil.example"}"#)), .failure(.broken("reset")),
            .failure(.malformed("cannot be decoded")), .failure(.bodyTooLarge(limit: 1)),
        ] as [ScriptedTransport.Step])
    func outage(step: ScriptedTransport.Step) async throws {
        for transport in [
            ScriptedTransport([step, .reply(HTTPResponse(200, document))]),
            ScriptedTransport([step, step, .reply(HTTPResponse(200, document))]),
            ScriptedTransport([.reply(HTTPResponse(404)), step, .reply(HTTPResponse(200, document))]),
        ] {
            #expect(try await discover(transport).tokenEndpoint?.text == "https://idp.example/token")
        }
    }

    @Test("an outage is the result when no URL has the issuer's metadata", arguments: [429, 500, 502, 503])
    func outOfOrder(status: Int) async {
        let outage = OAuthFailure.transport(.unreachable("the server answers with status \(status)"))
        let other = HTTPResponse(200, #"{"issuer":"https://evil.example"}"#)
        for rest in [HTTPResponse(404), HTTPResponse(status), other] {
            let transport = ScriptedTransport(HTTPResponse(status), rest, rest)
            #expect(await failure(transport) == outage)
            #expect(transport.requests.map(\.url) == issuer.metadataURLs)
        }
        #expect(await failure(ScriptedTransport(HTTPResponse(404), HTTPResponse(404), HTTPResponse(status))) == outage)
    }

    private func redirect(_ status: Int, _ location: String) -> HTTPResponse {
        HTTPResponse(status, "", [("Location", location)])
    }

    @Test(
        "a redirect within the origin is followed, absolute or relative",
        arguments: [
            ("https://idp.example/x/y", "https://idp.example/x/y"), ("/x/y?z=1", "https://idp.example/x/y?z=1"),
            ("//idp.example/x", "https://idp.example/x"), ("HTTPS://IDP.example:443/x", "HTTPS://IDP.example:443/x"),
            ("other", "https://idp.example/r/.well-known/other"), ("../x", "https://idp.example/r/x"),
            ("./x#part", "https://idp.example/r/.well-known/x"), (" /x ", "https://idp.example/x"),
            ("?v=2", "https://idp.example/r/.well-known/openid-configuration?v=2"),
        ])
    func redirected(location: String, target: String) async throws {
        for status in [301, 302, 303, 307, 308] {
            let transport = ScriptedTransport(redirect(status, location), HTTPResponse(200, document))
            _ = try await discover(transport)
            #expect(transport.requests.map(\.url.text) == [issuer.metadataURLs[0].text, target])
            #expect(transport.requests.map(\.method) == [.get, .get])
        }
    }

    @Test(
        "a redirect to another origin is refused, and the message names the sanitised address",
        arguments: [
            "https://evil.example/x", "http://idp.example/x", "https://idp.example:444/x", "//evil.example/x",
            "https://idp.example@evil.example/x", "https://idp.example.evil.example/x", "javascript:alert(1)",
            "file:///etc/passwd", "https://evil.example/\u{1B}[31m\u{202E}x",
            "https://evil.example/\(String(repeating: "x", count: 5_000))",
        ])
    func elsewhere(location: String) async {
        let transport = ScriptedTransport((0..<3).map { _ in .reply(redirect(302, location)) })
        guard case .badResponse(let detail)? = await failure(transport) else { return #expect(Bool(false)) }
        #expect(detail.contains(DisplayText.clean(location, limit: 60).prefix(50)), "\(detail)")
        #expect(DisplayText.clean(detail, limit: 600) == detail)
        #expect(transport.requests.map(\.url) == issuer.metadataURLs)
    }

    @Test("three redirects are followed, a fourth is refused")
    func manyRedirects() async throws {
        let hops = (1...4).map { redirect(302, "/hop\($0)") }
        let three = ScriptedTransport(hops.prefix(3).map { .reply($0) } + [.reply(HTTPResponse(200, document))])
        _ = try await discover(three)
        #expect(three.requests.count == 4)
        let four = ScriptedTransport(hops.map { .reply($0) } + [.reply(HTTPResponse(404)), .reply(HTTPResponse(404))])
        guard case .badResponse(let detail)? = await failure(four) else { return #expect(Bool(false)) }
        #expect(detail.contains("more than 3 redirects"))
        #expect(four.requests.count == 6)
    }

    @Test("the metadata's date is the server's, plus the age in a cache")
    func date() async throws {
        let sent = [(name: "Date", value: "Sun, 06 Nov 1994 08:49:37 GMT")]
        #expect(try await discover(ScriptedTransport(HTTPResponse(200, document, sent))).date == 784_111_777)
        let cached = HTTPResponse(200, document, sent + [(name: "Age", value: "60")])
        #expect(try await discover(ScriptedTransport(cached)).date == 784_111_837)
        #expect(try await discover(ScriptedTransport(HTTPResponse(200, document))).date == nil)
    }

    @Test("an unsafe endpoint counts as absent, and the reason is kept")
    func refusedEndpoint() async throws {
        let body = """
            {"issuer":"https://idp.example/r","token_endpoint":"http://idp.example/token",
            "device_authorization_endpoint":"/device","revocation_endpoint":42}
            """
        let metadata = try await discover(ScriptedTransport(HTTPResponse(200, body)))
        #expect(metadata.tokenEndpoint == nil)
        #expect(metadata.revocationEndpoint == nil)
        #expect(
            metadata.refusedEndpoints == [
                "token_endpoint": .insecure(host: "idp.example"), "device_authorization_endpoint": .notAbsolute,
                "revocation_endpoint": .notAbsolute,
            ]
        )
        let refusal = #expect(throws: OAuthFailure.self) { try ProviderEndpoints(metadata: metadata) }
        #expect(refusal?.description.hasPrefix("the provider's token endpoint is refused: it uses plain http") == true)
    }
}
