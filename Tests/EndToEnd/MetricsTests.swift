import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The metrics of a real agent.
@Suite(.timeLimit(.minutes(5)))
struct MetricsTests {
    private func page(_ home: AgentHome) async throws -> MetricsPage {
        let answer = try await home.exchange(Array("GET /metrics HTTP/1.0\r\n\r\n".utf8))
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
        try #require(parts.count == 2 && parts[0].contains(" 200 "), "\(answer)")
        return MetricsPage(String(parts[1]))
    }

    @Test("a running agent's metrics pass promtool, count events, and contain no secret")
    func page() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUse
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration, keyring: try await PrivateKeyring())
        try await demo.logIn()
        try await demo.tokenExpires()
        for _ in 0..<4 { #expect(try await demo.home.authagent("token", "work").status == 0) }
        #expect(try await demo.home.authagent("token", "nobody").status == 1)
        try await demo.home.authagent("status")
        let page = try await page(demo.home)
        #expect(try await page.complaints() == "")
        let token = "/v1/accounts/{account}/token"
        #expect(page[#"authagent_requests_total{route="\#(token)",result="ok"}"#] == 4)
        #expect(page[#"authagent_requests_total{route="\#(token)",result="unknown_account"}"#] == 1)
        #expect(page[#"authagent_request_duration_seconds_count{route="\#(token)"}"#] == 5)
        #expect(page["authagent_token_cache_hits_total"] == 3)
        #expect(page["authagent_token_cache_misses_total"] == 1)
        #expect(demo.issuer.refreshCount == 1)
        #expect(page[#"authagent_refreshes_total{result="ok"}"#] == 1)
        #expect(page[#"authagent_upstream_request_duration_seconds_count{result="2xx"}"#] ?? 0 >= 3)
        #expect(page[#"authagent_account_state{account="work",state="ok"}"#] == 1)
        let left = try #require(page[#"authagent_token_expiry_seconds{account="work"}"#])
        #expect((3400...3600).contains(left))
        #expect(page[#"authagent_store_state{store="keyring",state="ok"}"#] == 1)
        // The intent, and the new refresh token.
        #expect(page[#"authagent_journal_writes_total{result="ok"}"#] == 2)
        #expect(page[#"authagent_journal_state{state="ok"}"#] == 1)
        #expect(page["authagent_connections_open"] == 1)
        for secret in demo.issuer.refreshTokens { #expect(!page.text.contains(secret)) }
        // The demo issuer's refresh tokens do not expire.
        let families = page.families.union(["authagent_login_expiry_seconds"])
        let described = try ManualPage("authagent-api.7").entries
            .filter { $0.hasPrefix("authagent_") || $0.hasPrefix("process_") }
        #expect(families == described)
    }

    @Test("the process metrics match the kernel's values")
    func process() async throws {
        let home = try AgentHome()
        try await home.authagent("start")
        let pid = try #require(home.daemonPID)
        let page = try await page(home)
        let now = Date().timeIntervalSince1970
        let start = try #require(page["process_start_time_seconds"])
        #expect((now - 120...now + 1).contains(start))
        // Includes the scraping connection; a concurrent keyring check takes a few more.
        try await eventually("the number of open descriptors differs from the kernel's") {
            let open = try await self.page(home)["process_open_fds"] ?? 0
            let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
            return abs(open - Double(files)) <= 1
        }
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let resident = try #require(
            status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }?.split(separator: " ").dropFirst().first)
        let bytes = try #require(page["process_resident_memory_bytes"])
        #expect(abs(bytes - (Double(resident) ?? 0) * 1024) < 4_000_000)
        let cpu = try #require(page["process_cpu_seconds_total"])
        #expect(cpu > 0 && cpu < 30)
        #expect(page.series("authagent_build_info").count == 1)
    }
}
