import Agent
import AgentAPI
import Foundation
import OAuth
import TestSupport
import Testing

/// Pushed authorization requests (RFC 9126).
struct PushedRequestTests {
    private static func pushed(_ number: Int, expiresIn: Int = 60) -> FakeProvider.Answer {
        .json(201, #"{"request_uri":"urn:example:\#(number)","expires_in":\#(expiresIn)}"#)
    }

    @Test("where pushing is offered, the address has the client and the reference alone")
    func offered() async throws {
        let fixture = try CodeLoginFixture(.init(pushed: "par"))
        fixture.agent.provider.script(.par, Self.pushed(1))
        let (log, prompt) = try await fixture.pending()
        #expect(
            prompt.authorizationURI == FakeProvider.issuer + "/authorize?client_id=native&request_uri=urn%3Aexample%3A1"
        )
        let sent = fixture.lastRequest(.par)
        #expect(
            sent["response_type"] == "code" && sent["redirect_uri"] == prompt.redirectURI && sent["scope"] == "files")
        #expect(sent["code_challenge_method"] == "S256" && sent["request_uri"] == nil)
        let state = try #require(sent["state"])
        let response = "code=c0de&state=\(state)&iss=https%3A%2F%2Fissuer.example"
        #expect(fixture.listeners.opened[0].take(response) == .accepted)
        #expect(await fixture.isDone(log))
    }

    @Test("an expired reference is replaced: a new prompt, the same login, and the short address leads to the new one")
    func expired() async throws {
        let fixture = try CodeLoginFixture(.init(pushed: "par"))
        fixture.agent.provider.script(.par, Self.pushed(1), .failure(.unreachable("no route")), Self.pushed(2))
        let (log, prompt) = try await fixture.pending()
        let state = fixture.lastRequest(.par)["state"]
        // The provider is away when the reference expires: the login goes on.
        await fixture.agent.passInterval(60)
        await eventually { log.soFar.count == 2 }
        #expect(log.soFar.last == .retrying(detail: "no route"))
        await fixture.agent.passInterval(5)
        await eventually { log.soFar.count == 4 }
        #expect(log.soFar[2] == .resumed)
        guard case .prompt(let second)? = log.soFar.last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(second.authorizationURI?.hasSuffix("urn%3Aexample%3A2") == true && second.expiresIn == 535)
        #expect(second.shortURI == prompt.shortURI && second.redirectURI == prompt.redirectURI)
        #expect(fixture.listeners.opened.count == 1)
        #expect(fixture.listeners.opened[0].target == second.authorizationURI)
        #expect(fixture.lastRequest(.par)["state"] == state)
        let response = "code=c0de&state=\(state ?? "")&iss=https%3A%2F%2Fissuer.example"
        #expect(fixture.listeners.opened[0].take(response) == .accepted)
        #expect(await fixture.isDone(log))
    }

    @Test("a response that arrives while the request is pushed again is exchanged at once")
    func duringPush() async throws {
        let fixture = try CodeLoginFixture(.init(pushed: "par"))
        fixture.agent.provider.script(.par, Self.pushed(1))
        let (log, _) = try await fixture.pending()
        let state = fixture.lastRequest(.par)["state"] ?? ""
        let gate = Gate()
        fixture.agent.provider.hold(at: gate)
        await fixture.agent.passInterval(60)
        await eventually { fixture.agent.provider.requests(.par).count == 2 }
        let response = "code=c0de&state=\(state)&iss=https%3A%2F%2Fissuer.example"
        #expect(fixture.listeners.opened[0].take(response) == .accepted)
        await eventually { fixture.agent.provider.requests(.token).count == 1 }
        gate.open()
        #expect(await fixture.isDone(log))
        #expect(log.soFar.count == 2, "no prompt after the response: \(log.soFar)")
    }

    @Test("a second push that is refused does not end the login: its first page may be open")
    func secondRefused() async throws {
        let fixture = try CodeLoginFixture(.init(pushed: "par"))
        fixture.agent.provider.script(.par, Self.pushed(1), .error("too_many_requests"))
        let (log, prompt) = try await fixture.pending()
        let state = fixture.lastRequest(.par)["state"] ?? ""
        await fixture.agent.passInterval(60)
        await eventually { log.soFar.count == 2 }
        guard case .retrying? = log.soFar.last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(fixture.listeners.opened[0].target == prompt.authorizationURI)
        let response = "code=c0de&state=\(state)&iss=https%3A%2F%2Fissuer.example"
        #expect(fixture.listeners.opened[0].take(response) == .accepted)
        #expect(await fixture.isDone(log))
    }

    @Test("after a browser has followed the short address, the next one gets a new reference, and no prompt follows")
    func followed() async throws {
        let fixture = try CodeLoginFixture(.init(pushed: "par"))
        fixture.agent.provider.script(.par, Self.pushed(1, expiresIn: 600), Self.pushed(2, expiresIn: 600))
        let (log, prompt) = try await fixture.pending()
        let listener = fixture.listeners.opened[0]
        listener.open()
        await fixture.agent.passInterval(5)
        await eventually { listener.target != prompt.authorizationURI }
        #expect(listener.target?.hasSuffix("urn%3Aexample%3A2") == true && log.soFar.count == 1)
        #expect(fixture.agent.provider.requests(.par).count == 2)
        try await fixture.agent.agent.cancelLogin(fixture.name)
    }

    @Test("a refused push ends the login with the provider's error")
    func refused() async throws {
        let fixture = try CodeLoginFixture(.init(pushed: "par"))
        fixture.agent.provider.script(.par, .error("invalid_request"))
        let failure = await fixture.failure(try await fixture.login())
        #expect(failure?.code == "invalid_request" && failure?.hint.contains("--redirect-uri") == true)
        #expect(failure?.hint.contains("--no-par") == true)
        #expect(fixture.listeners.opened[0].isClosed)
        // A careless provider lists the endpoint, and shows a page there.
        fixture.agent.provider.script(.par, .json(404, "<html>not here</html>"))
        let page = await fixture.failure(try await fixture.login())
        #expect(page?.code == "bad_response" && page?.hint.contains("--no-par") == true, "\(String(describing: page))")
    }

    @Test("par = true needs the endpoint; par = false is refused where pushing is required")
    func forced() async throws {
        let without = try CodeLoginFixture()
        let missing = await without.failure(try await without.login { $0.par = true })
        #expect(missing?.code == "configuration_error" && missing?.hint.contains("par") == true)
        let required = try CodeLoginFixture(.init(pushed: "par", requiresPush: true))
        let refused = await required.failure(try await required.login { $0.par = false })
        #expect(refused?.code == "configuration_error" && refused?.detail.contains("RFC 9126") == true)
        let offered = try CodeLoginFixture(.init(pushed: "par"))
        let (_, prompt) = try await offered.pending { $0.par = false }
        #expect(prompt.authorizationURI?.contains("code_challenge=") == true)
        #expect(offered.agent.provider.requests(.par).isEmpty)
        try await offered.agent.agent.cancelLogin(offered.name)
    }
}
