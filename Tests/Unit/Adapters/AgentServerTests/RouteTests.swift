import AgentAPI
import TestSupport
import Testing

struct RouteTests {
    let work: AccountName

    init() throws { work = try #require(AccountName("work")) }

    @Test("every resource answers in JSON, with Cache-Control: no-store")
    func everyResource() async throws {
        try await ServerFixture.serving { server in
            let expected: [(Request, String)] = [
                (.get("/v1/health"), "store_state"), (.get("/v1/accounts"), "accounts"),
                (.get("/v1/accounts/work"), "state"), (.get("/v1/accounts/work/token"), "access_token"),
                (.post("/v1/accounts/work/logout"), "revoked"), (.post("/v1/reload"), "reloaded"),
                (.get("/v1/store"), "stores"),
                (Request(method: "DELETE", target: "/v1/accounts/work/login"), "cancelled"),
            ]
            for (request, member) in expected {
                let reply = try await server.exchange(request)
                #expect(reply.status == 200, "\(request.target)")
                #expect(reply["content-type"] == "application/json")
                #expect(reply["cache-control"] == "no-store")
                #expect(reply.json?[member] != nil, "\(request.target)")
                #expect(reply.body.hasSuffix("}\n"))
                #expect(!reply.body.contains("refresh_token"))
            }
        }
    }

    @Test("a token is an RFC 6749 §5.1 response, or bare if the client prefers text")
    func token() async throws {
        try await ServerFixture.serving { server in
            let json = try await server.exchange(.get("/v1/accounts/work/token"))
            #expect(try APIJSON.decode(TokenReply.self, from: json.body.utf8) == FakeAgentService.reply(work))
            let text = try await server.exchange(.get("/v1/accounts/work/token", "Accept: text/plain"))
            #expect(text["content-type"] == "text/plain; charset=utf-8")
            #expect(text["cache-control"] == "no-store")
            #expect(text.body == "at-secret\n")
        }
    }

    @Test(
        "a client's preference is read from all Accept fields",
        arguments: [
            (["Accept: */*"], "application/json"), (["Accept: text/plain, */*;q=0.1"], "text/plain; charset=utf-8"),
            (["Accept: text/html", "Accept: application/json"], "application/json"),
            (["Accept: TEXT/*, application/json;q=0.000"], "text/plain; charset=utf-8"),
            (["Accept:"], "application/json"), (["Accept: application/json, text/plain, */*"], "application/json"),
            (["Accept: text/plain;q=0.9, application/json;q=0.95"], "application/json"),
            (["Accept: text/plain ; Q=1.000 , application/json ;q=0.999"], "text/plain; charset=utf-8"),
            // The most specific range decides, not the first or the one with the highest weight.
            (["Accept: */*, application/json;q=0"], "text/plain; charset=utf-8"),
            (["Accept: text/plain;q=0, */*"], "application/json"),
            (["Accept: text/*;q=0.2, application/*;q=0.1"], "text/plain; charset=utf-8"),
            // An invalid weight is ignored.
            (["Accept: text/plain;q=2, application/json;q=1"], "application/json"),
        ])
    func accept(fields: [String], mediaType: String) async throws {
        try await ServerFixture.serving { server in
            let request = Request(method: "GET", target: "/v1/accounts/work/token", fields: fields)
            let reply = try await server.exchange(request)
            #expect(reply["content-type"] == mediaType)
        }
    }

    @Test("min_valid and id_token reach the agent, cached or not; if absent, the defaults do")
    func tokenRequest() async throws {
        try await ServerFixture.serving { server in
            server.service.refresh.open()
            let slow = try #require(AccountName("slow"))
            for target in ["work/token?min_valid=0", "work/token", "slow/token?id_token=true&min_valid=86400"] {
                #expect(try await server.exchange(.get("/v1/accounts/" + target)).status == 200)
            }
            #expect(
                server.service.calls == [
                    .token(work, TokenRequest(minimumValidity: 0)), .token(work, TokenRequest()),
                    .token(slow, TokenRequest(minimumValidity: 86_400, includesIDToken: true)),
                ])
        }
    }

    @Test("scope, resource and audience reach the agent as the client wrote them, several resources in order")
    func target() async throws {
        let target = try #require(
            try TokenTarget(
                scopes: ["https://g.example/a", "b&="], resources: ["urn:x:2", "https://h/?a=%20"], audience: "my api"))
        let request = TokenRequest(includesIDToken: true, target: target)
        try await ServerFixture.serving { server in
            let queries = [
                request.query,
                "audience=my+api&resource=urn:x:2&scope=b%26%3D+https://g.example/a&id_token=true"
                    + "&resource=https%3A//h/%3Fa%3D%2520",
            ]
            for query in queries {
                let reply = try await server.exchange(.get("/v1/accounts/work/token?\(query)"))
                #expect(reply.status == 200)
            }
            #expect(server.service.calls == [.token(work, request), .token(work, request)])
        }
    }

    @Test("a token to inspect reaches the agent, with an account or without")
    func inspect() async throws {
        try await ServerFixture.serving { server in
            let body = #"{"token":"t","introspect":true}"#
            for path in ["/v1/inspect", "/v1/accounts/work/inspect"] {
                let reply = try await server.exchange(.post(path, body, "Content-Type: application/json"))
                #expect(reply.status == 200)
            }
            #expect(try await server.exchange(.get("/v1/inspect")).status == 405)
            let request = InspectRequest(token: "t", introspect: true)
            #expect(server.service.calls == [.inspect(nil, request), .inspect(work, request)])
        }
    }

    @Test("a refused token is named by hash and target; an invalid hash or target is refused")
    func rejected() async throws {
        try await ServerFixture.serving { server in
            let path = "/v1/accounts/work/token/rejected"
            let digest = [UInt8](repeating: 0xAB, count: 32)
            let target = try TokenTarget(scopes: ["a", "b"], resources: ["urn:a"], audience: "api")
            let bodies: [(String, TokenRequest, [UInt8]?)] = [
                ("", TokenRequest(), nil), ("{}", TokenRequest(), nil),
                (#"{"token_sha256":null,"scope":null,"resource":null,"audience":null}"#, TokenRequest(), nil),
                (#"{"token_sha256":"\#(String(repeating: "aB", count: 32))"}"#, TokenRequest(), digest),
                (#"{"scope":"b a","resource":"urn:a","audience":"api"}"#, TokenRequest(target: target), nil),
                (#"{"scope":"b a","resource":["urn:a"],"audience":"api"}"#, TokenRequest(target: target), nil),
            ]
            for (body, request, digest) in bodies {
                let reply = try await server.exchange(.post(path, body, "Content-Type: application/json"))
                #expect(reply.status == 200, "\(body)")
                #expect(reply.json?["result"] as? String == "renewed")
                let rejected = RejectedToken(request, digest: digest)
                #expect(server.service.calls.last == .rejectToken(work, rejected), "\(body)")
            }
            for body in [
                #"{"token_sha256":"ab"}"#, #"{"token_sha256":""}"#, #"{"token_sha256":7}"#, #"{"scope":""}"#,
                #"{"token_sha256":"\#(String(repeating: "xy", count: 32))"}"#, #"{"scope":"a  b"}"#,
                #"{"resource":"no uri"}"#, #"{"resource":[1]}"#, #"{"audience":""}"#, #"{"scope":["a"]}"#, "[]",
            ] {
                let reply = try await server.exchange(.post(path, body, "Content-Type: application/json"))
                #expect(reply.problem?.code == .badRequest, "\(body)")
            }
            #expect(server.service.calls.count == bodies.count)
            #expect(try await server.exchange(.get(path))["allow"] == "POST")
        }
    }

    @Test("bodies of login and logout reach the agent; an empty one sets nothing")
    func bodies() async throws {
        try await ServerFixture.serving { server in
            let login = try server.client()
            try await login.send(
                .post("/v1/accounts/work/login", #"{"issuer":"https://i.example"}"#, "Content-Type: application/json"))
            #expect(try await login.streamHead().status == 200)
            let local = try await server.exchange(
                .post("/v1/accounts/work/logout", #"{"local":true}"#, "Content-Type: Application/JSON; charset=utf-8"))
            #expect(local.json?["revoked"] as? Bool == false)
            let plain = try await server.exchange(.post("/v1/accounts/work/logout"))
            #expect(plain.json?["revoked"] as? Bool == true)
            #expect(
                server.service.calls == [
                    .login(work, LoginRequest(settings: LoginSettings(issuer: "https://i.example"))),
                    .logout(work, LogoutRequest(local: true)),
                    .logout(work, LogoutRequest()),
                ])
        }
    }

    @Test("a store change and passphrases reach the agent; lock works without a body")
    func stores() async throws {
        try await ServerFixture.serving { server in
            let change = try await server.exchange(
                .post("/v1/store", #"{"operation":"init","key_source":"credential"}"#))
            #expect(change.json?["store"] != nil)
            let unlock = try await server.exchange(.post("/v1/unlock", #"{"passphrase":"correct horse"}"#))
            #expect(unlock.json?["unlocked"] as? Bool == true)
            #expect(try await server.exchange(.post("/v1/store")).status == 400)
            #expect(try await server.exchange(.post("/v1/store", #"{"operation":"burn"}"#)).status == 400)
            #expect(try await server.exchange(.post("/v1/unlock")).json?["unlocked"] as? Bool == true)
            #expect(try await server.exchange(.post("/v1/lock")).json?["locked"] as? Bool == true)
            #expect(try await server.exchange(.post("/v1/lock", #"{"passphrase":7}"#)).status == 400)
            #expect(
                server.service.calls == [
                    .changeStore(StoreRequest(.initialize, keySource: .credential)),
                    .unlock(UnlockRequest(passphrase: "correct horse")), .unlock(UnlockRequest()), .lock(LockRequest()),
                ])
        }
    }

    @Test("a sink is added with the members of its body, listed, and removed by its path")
    func sinks() async throws {
        try await ServerFixture.serving { server in
            let added = try await server.exchange(
                .post("/v1/sinks", #"{"account":"work","path":"/run/a b","what":"env","variable":"T","min_valid":60}"#))
            #expect(added.json?["path"] as? String == "/run/a b")
            #expect((try await server.exchange(.get("/v1/sinks")).json?["sinks"] as? [Any])?.count == 1)
            let removed = try await server.exchange(
                Request(method: "DELETE", target: "/v1/sinks?path=%2Frun%2Fa%20b"))
            #expect(removed.json?["removed"] as? Bool == true)
            for refused in [
                Request.post("/v1/sinks"), .post("/v1/sinks", #"{"path":"/run/a"}"#),
                .post("/v1/sinks", #"{"account":"work","what":"refresh_token"}"#),
                Request(method: "DELETE", target: "/v1/sinks"),
            ] {
                #expect(try await server.exchange(refused).problem?.code == .badRequest)
            }
            var sink = SinkRequest(account: work)
            (sink.path, sink.what, sink.variable, sink.minimumValidity) = ("/run/a b", .env, "T", 60)
            #expect(server.service.calls == [.addSink(sink), .removeSink("/run/a b")])
        }
    }

    @Test("a target in absolute form, as a proxy's client sends it, names the same resource (RFC 9112 §3.2.2)")
    func absoluteForm() async throws {
        try await ServerFixture.serving { server in
            let health = try await server.exchange(.get("http://localhost/v1/health"))
            #expect(health.status == 200)
            let root = try await server.exchange(.get("http://localhost"))
            #expect(root.status == 404)
        }
    }

    @Test("an account's name may be percent-encoded; an encoded slash is not a separator")
    func encodedName() async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(.get("/v1/accounts/me%40host.example"))
            #expect(reply.json?["account"] as? String == "me@host.example")
            for name in ["work%2Ftoken", "work%2", "%FF", "work%00"] {
                #expect(try await server.exchange(.get("/v1/accounts/" + name)).status == 404, "\(name)")
            }
        }
    }
}
