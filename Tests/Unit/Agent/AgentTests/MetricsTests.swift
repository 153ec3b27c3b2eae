import Agent
import AgentAPI
import Formats
import Metrics
import OAuth
import TestSupport
import Testing
import Vault

/// The metrics of the agent, its accounts and its stores.
struct MetricsTests {
    let fixture: AgentFixture

    init() throws { fixture = try AgentFixture() }

    private func page(of isVisible: (AccountName) -> Bool = { _ in true }) -> MetricsPage {
        var page = MetricsText()
        fixture.agent.write(into: &page)
        fixture.agent.writeAccounts(where: isVisible, into: &page)
        return MetricsPage(page.text)
    }

    private func refreshes(_ result: String, in page: MetricsPage) -> Double? {
        page[#"authagent_refreshes_total{result="\#(result)"}"#]
    }

    @Test("each refresh is counted once by its result; a token from memory is not")
    func refreshes() async throws {
        try await fixture.completeLogin()
        // All results are there from the start, so that `rate()` sees the first one.
        let first = page()
        let results = first.series("authagent_refreshes_total")
        #expect(results.count == 10)
        #expect(results.allSatisfy { first[$0] == 0 })
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        fixture.time.advance(by: .seconds(3600))
        for _ in 0..<3 { _ = try await fixture.agent.token(fixture.name, TokenRequest()) }
        #expect(refreshes("ok", in: page()) == 1)
        fixture.provider.script(.token, .failure(.unreachable("no route")))
        fixture.time.advance(by: .seconds(3600))
        for _ in 0..<3 { _ = try? await fixture.agent.token(fixture.name, TokenRequest()) }
        fixture.provider.script(.token, .error("invalid_grant"))
        fixture.time.advance(by: .seconds(300))
        _ = try? await fixture.agent.token(fixture.name, TokenRequest())
        let page = page()
        #expect(refreshes("ok", in: page) == 1)
        #expect(refreshes("provider_unreachable", in: page) == 1)
        #expect(refreshes("login_required", in: page) == 1)
        #expect(page.series("authagent_refreshes_total") == results)
        #expect(try await page.complaints() == "")
    }

    @Test("requests to providers are measured by their result")
    func upstream() async throws {
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1", expiresIn: 100))
        let log = try await fixture.login()
        await fixture.passInterval()
        _ = await log.events()
        fixture.provider.script(.token, .failure(.timedOut("30 s")))
        let gate = Gate()
        fixture.provider.hold(at: gate)
        fixture.time.advance(by: .seconds(100))
        async let token = try? fixture.agent.token(fixture.name, TokenRequest())
        await gate.arrived()
        fixture.time.advance(by: .seconds(7))
        gate.open()
        _ = await token
        let page = page()
        // Metadata, device authorization, the poll.
        #expect(page[#"authagent_upstream_request_duration_seconds_count{result="2xx"}"#] == 3)
        #expect(page[#"authagent_upstream_request_duration_seconds_sum{result="timed_out"}"#] == 7)
        #expect(page[#"authagent_upstream_request_duration_seconds_bucket{result="timed_out",le="5"}"#] == 0)
        #expect(page[#"authagent_upstream_request_duration_seconds_bucket{result="timed_out",le="10"}"#] == 1)
    }

    @Test("each account has the state that status shows, and its token's remaining lifetime")
    func accounts() async throws {
        fixture.provider.script(
            .token,
            .json(
                200,
                #"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":600,"refresh_expires_in":9000}"#
            ))
        let log = try await fixture.login()
        await fixture.passInterval()
        _ = await log.events()
        fixture.time.advance(by: .seconds(100))
        var page = page()
        #expect(page.series("authagent_account_state") == [#"authagent_account_state{account="work",state="ok"}"#])
        #expect(page[#"authagent_token_expiry_seconds{account="work"}"#] == 500)
        #expect(page[#"authagent_login_expiry_seconds{account="work"}"#] == 8900)
        fixture.time.advance(by: .seconds(1000))
        page = self.page()
        #expect(page[#"authagent_token_expiry_seconds{account="work"}"#] == 0)
        page = self.page { $0 != fixture.name }
        #expect(!page.text.contains("work"))
        #expect(page[#"authagent_store_state{store="keyring",state="ok"}"#] == 1)
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        page = self.page()
        #expect(
            page.series("authagent_account_state") == [
                #"authagent_account_state{account="work",state="login_required"}"#
            ])
        #expect(page.series("authagent_token_expiry_seconds").isEmpty)
    }

    @Test("stores, locks and watchers are shown as last seen")
    func agent() async throws {
        // A machine without a keyring must not raise an alert if no account needs one.
        #expect(page().series("authagent_store_state").isEmpty)
        try await fixture.completeLogin()
        fixture.keyring.fail(StoreFailure(.hung, "it does not answer"))
        _ = await fixture.agent.status()
        _ = try await fixture.agent.changeStore(
            StoreRequest(.initialize, keySource: .passphrase, passphrase: "correct horse"))
        let watch = fixture.agent.events(after: nil)
        #expect(page().series("authagent_store_state") == [#"authagent_store_state{store="keyring",state="hung"}"#])
        let text = "issuer = \"\(FakeProvider.issuer)\"\nclient_id = \"tv\"\nstore = \"sealed\"\n"
        try fixture.files.file("user/other.toml", text)
        _ = try? await fixture.agent.token(#require(AccountName("other")), TokenRequest())
        var page = page()
        #expect(
            page.series("authagent_store_state") == [
                #"authagent_store_state{store="keyring",state="hung"}"#,
                #"authagent_store_state{store="sealed",state="ok"}"#,
            ])
        #expect(page["authagent_event_watchers"] == 1)
        #expect(page["authagent_locked"] == 0)
        _ = watch
        _ = try await fixture.agent.lock(LockRequest())
        page = self.page()
        #expect(page["authagent_locked"] == 1)
        #expect(page[#"authagent_store_state{store="sealed",state="locked"}"#] == 1)
        #expect(try await page.complaints() == "")
    }
}
