import AgentAPI
import Testing

struct HeadTests {
    @Test("HEAD has the fields of GET and no body, for every resource with GET and for problems")
    func everyResource() async throws {
        let work = try #require(AccountName("work"))
        // Event streams do not end, and metrics change: EventStreamTests and MetricsTests check those.
        let paths = Resource.allCases.filter { $0.methods.contains("GET") && ![.events, .metrics].contains($0) }.map {
            $0.path(of: work)
        }
        try await ServerFixture.serving { server in
            for path in paths + ["/v1/accounts/ghost", "/v1/accounts/gone/token", "/nowhere", "/v1/health?x=1"] {
                let client = try server.client()
                try await client.send(Request(method: "HEAD", target: path))
                let head = try await client.reply(to: "HEAD")
                // The next reply follows at once, so there was no body in between.
                try await client.send(.get(path))
                let get = try await client.reply()
                #expect(head.status == get.status, "\(path)")
                for field in ["content-length", "content-type", "cache-control", "www-authenticate"] {
                    #expect(head[field] == get[field], "\(path)")
                }
                #expect(get["content-length"] == "\(get.body.utf8.count)")
            }
        }
    }

    @Test("HEAD gets 405 where GET is not allowed, without a body")
    func notAllowed() async throws {
        let work = try #require(AccountName("work"))
        try await ServerFixture.serving { server in
            for resource in Resource.allCases where !resource.methods.contains("GET") {
                let client = try server.client()
                try await client.send(Request(method: "HEAD", target: resource.path(of: work)))
                let head = try await client.reply(to: "HEAD")
                #expect(head.status == 405)
                #expect(head["allow"] == resource.methods.joined(separator: ", "))
                try await client.send(.get("/v1/health"))
                #expect(try await client.reply().status == 200)
            }
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("401 has a WWW-Authenticate challenge (RFC 9110 §15.5.2), and no other reply has")
    func challenge() async throws {
        try await ServerFixture.serving { server in
            let gone = try await server.exchange(.get("/v1/accounts/gone/token"))
            #expect(gone.status == 401)
            #expect(gone["www-authenticate"] == "authagent-login")
            #expect(try await server.exchange(.get("/v1/accounts/ghost/token"))["www-authenticate"] == nil)
        }
    }
}
