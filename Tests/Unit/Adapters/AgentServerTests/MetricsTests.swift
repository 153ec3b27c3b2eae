import AgentAPI
import AgentServer
import TestSupport
import Testing

/// `GET /metrics`, and the server's own metrics.
struct MetricsTests {
    private func page(_ server: ServerFixture) async throws -> MetricsPage {
        let reply = try await server.exchange(.get("/metrics"))
        #expect(reply.status == 200)
        #expect(reply["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        return MetricsPage(reply.body)
    }

    private func requests(_ route: String, _ result: String) -> String {
        #"authagent_requests_total{route="\#(route)",result="\#(result)"}"#
    }

    @Test("all requests are counted by route and result, also unknown paths and invalid requests")
    func requests() async throws {
        try await ServerFixture.serving { server in
            for path in ["/v1/accounts/work/token", "/v1/accounts/work/token?min_valid=5", "/v1/accounts/gone/token"] {
                _ = try await server.exchange(.get(path))
            }
            _ = try await server.exchange(.get("/v1/accounts/work/token?nonsense=1"))
            _ = try await server.exchange(.post("/v1/accounts/ghost/logout"))
            _ = try await server.exchange(.post("/v1/health"))
            _ = try await server.exchange(Request(method: "HEAD", target: "/v1/health"))
            for path in ["/", "/v1/accounts/a/b/c", "/metricsx"] { _ = try await server.exchange(.get(path)) }
            let client = try server.client()
            _ = try await client.sendUntilClosed(Array("nonsense\r\n\r\n".utf8))
            _ = try await client.untilClosed()
            let page = try await page(server)
            let token = "/v1/accounts/{account}/token"
            #expect(page[requests(token, "ok")] == 2)
            #expect(page[requests(token, "login_required")] == 1)
            #expect(page[requests(token, "bad_request")] == 1)
            #expect(page[requests("/v1/accounts/{account}/logout", "unknown_account")] == 1)
            #expect(page[requests("/v1/health", "method_not_allowed")] == 1)
            #expect(page[requests("/v1/health", "ok")] == 1)
            #expect(page[requests("other", "not_found")] == 3)
            #expect(page[requests("other", "bad_request")] == 1)
            #expect(page.series("authagent_requests_total").count == 8)
            #expect(try await page.complaints() == "")
        }
    }

    @Test("a request that times out is counted")
    func halfRequest() async throws {
        var limits = ServerLimits()
        limits.requestTime = .milliseconds(20)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            try await client.send("GET /v1/health HT")
            #expect(try await client.reply().status == 408)
            // The next request has the same short limit: retry on a slow machine.
            await eventually {
                guard let reply = try? await server.exchange(.get("/metrics")) else { return false }
                return MetricsPage(reply.body)[requests("other", "timeout")] ?? 0 >= 1
            }
        }
    }

    @Test("each answer is in its route's histogram, its duration in the sum")
    func latency() async throws {
        try await ServerFixture.serving { server in
            let clock = ContinuousClock()
            let slow = try server.client()
            let start = clock.now
            try await slow.send(.get("/v1/accounts/slow/token"))
            await server.service.refresh.arrived()
            let arrived = clock.now
            // Takes a measurable time.
            for _ in 0..<100 { _ = try await server.exchange(.get("/v1/health")) }
            let least = (clock.now - arrived) / .seconds(1)
            server.service.refresh.open()
            #expect(try await slow.reply().status == 200)
            let most = (clock.now - start) / .seconds(1)
            let name = "authagent_request_duration_seconds"
            let labels = #"route="/v1/accounts/{account}/token""#
            var page = try await page(server)
            #expect(page["\(name)_count{\(labels)}"] == 1)
            let sum = try #require(page["\(name)_sum{\(labels)}"])
            #expect((least...most).contains(sum))
            for bound in ["5e-05", "0.001", "0.025", "0.5", "40"] {
                let expected = try #require(Double(bound)) < sum ? 0.0 : 1
                #expect(page["\(name)_bucket{\(labels),le=\"\(bound)\"}"] == expected, "\(bound), of \(sum)")
            }
            #expect(page["\(name)_bucket{\(labels),le=\"+Inf\"}"] == 1)
            // An incomplete request has no duration.
            _ = try await server.exchange(.get("/" + String(repeating: "a", count: 20_000)))
            page = try await self.page(server)
            #expect(page["authagent_request_duration_seconds_count{route=\"other\"}"] == nil)
        }
    }

    @Test("a token from memory is a hit, one after waiting a miss, a refusal neither")
    func cache() async throws {
        try await ServerFixture.serving { server in
            server.service.refresh.open()
            for account in ["work", "work", "work", "slow", "gone", "ghost"] {
                _ = try await server.exchange(.get("/v1/accounts/\(account)/token"))
            }
            let page = try await page(server)
            #expect(page["authagent_token_cache_hits_total"] == 3)
            #expect(page["authagent_token_cache_misses_total"] == 1)
        }
    }

    @Test("all connections are counted, and the open ones as a gauge")
    func connections() async throws {
        var limits = ServerLimits()
        limits.connectionsPerUser = 3
        try await ServerFixture.serving(limits) { server in
            let (first, second, third) = (try server.client(), try server.client(), try server.client())
            for client in [first, second, third] {
                try await client.send(.get("/v1/health"))
                #expect(try await client.reply().status == 200)
            }
            #expect(try await server.exchange(.get("/v1/health")).status == 429)
            try await first.send(.get("/metrics"))
            var page = MetricsPage(try await first.reply().body)
            #expect(page[#"authagent_connections_total{result="admitted"}"#] == 3)
            #expect(page[#"authagent_connections_total{result="too_many"}"#] == 1)
            #expect(page[#"authagent_connections_total{result="forbidden"}"#] == 0)
            #expect(page["authagent_connections_open"] == 3)
            second.close()
            third.close()
            try await eventually {
                try await first.send(.get("/metrics"))
                page = MetricsPage(try await first.reply().body)
                return page["authagent_connections_open"] == 1
            }
        }
    }

    @Test("Prometheus' Accept is answered; other media types, methods and parameters are refused")
    func negotiation() async throws {
        try await ServerFixture.serving { server in
            let accept =
                "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            #expect(try await server.exchange(.get("/metrics", accept)).status == 200)
            let json = try await server.exchange(.get("/metrics", "Accept: application/json"))
            #expect(json.problem?.code == .notAcceptable)
            let posted = try await server.exchange(.post("/metrics"))
            #expect(posted.status == 405)
            #expect(posted["allow"] == "GET, HEAD")
            #expect(try await server.exchange(.get("/metrics?a=b")).problem?.code == .badRequest)
            let head = try await server.exchange(Request(method: "HEAD", target: "/metrics"))
            #expect(head.status == 200)
            #expect(head["content-length"].flatMap { Int($0) } ?? 0 > 100)
        }
    }
}
