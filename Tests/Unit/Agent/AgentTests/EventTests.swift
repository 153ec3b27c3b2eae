import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// The agent's events, and how a watcher resumes.
struct EventTests {
    let fixture: AgentFixture

    init() throws { fixture = try AgentFixture() }

    /// Returns the events after the one with this id.
    private func told(after id: String = "0-0") async -> [AgentEvent] {
        let watch = fixture.agent.events(after: id)
        // Past events are in the stream before it is returned.
        let last = fixture.agent.events(after: nil).start.count
        guard watch.start.count < last else { return [] }
        var events: [AgentEvent] = []
        for await event in watch.events {
            events.append(event)
            if event.id.count == last { break }
        }
        return events
    }

    private func kinds(after id: String = "0-0") async -> [AgentNews.Kind] {
        await told(after: id).map(\.news.kind).filter { $0 != .missed && $0 != .storeState }
    }

    @Test("a login, a renewal, a failed one and a logout are events in order, without tokens")
    func life() async throws {
        try await fixture.completeLogin(access: "canary-a1", refresh: "canary-r1")
        fixture.provider.script(.token, .grant(access: "canary-a2", refresh: "canary-r2"))
        fixture.time.advance(by: .seconds(3600))
        _ = try await fixture.agent.token(fixture.name, TokenRequest())
        fixture.provider.script(.token, .failure(.unreachable("no route")))
        fixture.time.advance(by: .seconds(3600))
        _ = try? await fixture.agent.token(fixture.name, TokenRequest())
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        let events = await told().filter { $0.news.kind != .missed && $0.news.kind != .storeState }
        #expect(
            events.map(\.news.kind) == [.loginStarted, .loggedIn, .refreshed, .refreshFailed, .loggedOut])
        #expect(events.allSatisfy { $0.news.account == fixture.name })
        #expect(events[2].news.expiresAt == events[2].time + 3600)
        #expect(events[3].news.code == "provider_unreachable")
        #expect(events[3].news.hint != nil)
        #expect(events[4].news.revoked == true)
        let text = try events.map { String(decoding: try APIJSON.encode($0), as: UTF8.self) }.joined()
        #expect(!text.contains("canary"), "\(text)")
    }

    @Test("an ended login is a login_required event with the command that helps, without refresh_failed")
    func loginRequired() async throws {
        try await fixture.completeLogin()
        fixture.provider.script(.token, .error("invalid_grant"))
        fixture.time.advance(by: .seconds(3600))
        _ = try? await fixture.agent.token(fixture.name, TokenRequest())
        let last = try #require(await told().last { $0.news.kind != .storeState })
        #expect(last.news.kind == .loginRequired)
        #expect(last.news.reason == "invalid_grant")
        #expect(last.news.hint == "run 'authagent login work'")
    }

    @Test("a failed login is an event with its code")
    func loginFailed() async throws {
        fixture.provider.script(.token, .error("access_denied"))
        let log = try await fixture.login()
        await fixture.passInterval()
        _ = await log.events()
        let events = await told()
        #expect(events.last?.news.kind == .loginFailed)
        #expect(events.last?.news.code == "access_denied")
    }

    @Test("lock, unlock and reload of the agent are one event each, without an account")
    func agent() async throws {
        try await fixture.completeLogin()
        let start = try #require(await told().last).id.description
        _ = try await fixture.agent.lock(LockRequest())
        _ = try await fixture.agent.unlock(UnlockRequest())
        try await fixture.agent.reload()
        let events = await told(after: start)
        #expect(events.map(\.news.kind) == [.locked, .unlocked, .reloaded])
        #expect(events.allSatisfy { $0.news.account == nil })
    }

    @Test("a store's state is an event when it changes, however that is noticed")
    func storeState() async throws {
        try await fixture.completeLogin()
        let restarted = try AgentFixture(restarting: fixture)
        let watch = restarted.agent.events(after: nil)
        var events = watch.events.makeAsyncIterator()
        restarted.keyring.fail(StoreFailure(.locked, "the keyring is locked"))
        _ = try? await restarted.agent.token(restarted.name, TokenRequest())
        let locked = await events.next()?.news
        #expect(locked?.kind == .storeState)
        #expect(locked?.store == "keyring")
        #expect(locked?.state == .locked)
        #expect(locked?.hint?.contains("unlock it") == true)
        #expect(await restarted.agent.health().storeState == .locked)
        restarted.keyring.fail(nil)
        _ = await restarted.agent.status()
        let well = await events.next()?.news
        #expect(well?.state == .ok)
        #expect(well?.hint == nil)
        // If it were reported twice, it would come before the next event.
        _ = await restarted.agent.status()
        restarted.agent.report(AgentNews(.unlocked))
        #expect(await events.next()?.news.kind == .unlocked)
    }

    @Test("a watcher that resumes gets the events that it missed, and none twice")
    func resuming() async throws {
        for account in ["a", "b", "c"] { fixture.agent.report(AgentNews(.saved, account: AccountName(account))) }
        let first = fixture.agent.events(after: nil)
        #expect(first.start.count == 3)
        let id = EventID(origin: first.start.origin, count: 1)
        #expect(await told(after: id.description).map(\.news.account?.description) == ["b", "c"])
        #expect(await told(after: EventID(origin: first.start.origin, count: 3).description).isEmpty)
    }

    @Test(
        "an id of another agent, or an invalid one, yields a gap event and then the events in the ring",
        arguments: ["0123456789abcdef-2", "nonsense", "", "18446744073709551615"])
    func otherAgent(id: String) async throws {
        fixture.agent.report(AgentNews(.reloaded))
        let events = await told(after: id)
        #expect(events.map(\.news.kind) == [.missed, .reloaded])
        #expect(events.first?.news.reason == "other_agent")
        // With this id the watcher can resume from the start.
        #expect(events.first?.id.count == 0)
    }

    @Test("an id beyond the last event counts as another agent's")
    func future() async throws {
        fixture.agent.report(AgentNews(.reloaded))
        let origin = fixture.agent.events(after: nil).start.origin
        #expect(await told(after: "\(origin)-99").first?.news.reason == "other_agent")
    }

    @Test("with more events than the ring holds, a gap event and then the last ones are sent")
    func tooOld() async throws {
        let origin = fixture.agent.events(after: nil).start.origin
        for _ in 0..<300 { fixture.agent.report(AgentNews(.saved, account: fixture.name)) }
        let events = await told(after: "\(origin)-0")
        #expect(events.count == 257)
        #expect(events.first?.news.reason == "too_old")
        #expect(events.first?.id.count == 44)
        #expect(events.dropFirst().map(\.id.count) == Array(45...300))
        let exact = await told(after: "\(origin)-45")
        #expect(exact.first?.news.kind == .saved)
    }

    @Test("a watcher that does not read is disconnected at the limit, and can resume")
    func cutOff() async throws {
        let slow = fixture.agent.events(after: nil)
        for _ in 1...2000 { fixture.agent.report(AgentNews(.saved, account: fixture.name)) }
        var seen: [UInt64] = []
        for await event in slow.events { seen.append(event.id.count) }
        #expect(seen == Array(1...514))
        #expect(await told(after: "\(slow.start.origin)-514").first?.news.reason == "too_old")
    }

    @Test("equal denials are one event a minute, and invented names do not displace the others")
    func denials() async throws {
        let origin = fixture.agent.events(after: nil).start.origin
        let denial = AgentNews.Denial(user: 1001, pid: 7, permission: "token")
        for _ in 0..<10 { fixture.agent.report(.denied(denial, account: fixture.name, detail: "no rule")) }
        #expect(await kinds(after: "\(origin)-0") == [.denied])
        fixture.time.advance(by: .seconds(60))
        for number in 0..<1000 {
            fixture.agent.report(.denied(denial, account: AccountName("made-up-\(number)"), detail: "no rule"))
        }
        #expect(await kinds(after: "\(origin)-0").count == 1 + 64)
    }
}
