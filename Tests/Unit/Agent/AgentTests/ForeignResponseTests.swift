import Agent
import AgentAPI
import Foundation
import OAuth
import TestSupport
import Testing

/// Responses that are not the one that a login by code waits for: none of them ends it, or takes part in it.
struct ForeignResponseTests {
    private func expectStillPending(
        _ fixture: CodeLoginFixture, _ log: EventLog, _ prompt: LoginPrompt,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(log.soFar.count == 1, sourceLocation: sourceLocation)
        #expect(fixture.agent.provider.requests(.token).isEmpty, sourceLocation: sourceLocation)
        let listener = fixture.listeners.opened[0]
        #expect(!listener.isClosed && listener.target == prompt.authorizationURI, sourceLocation: sourceLocation)
        #expect(listener.take(try fixture.response(to: prompt)) == .accepted, sourceLocation: sourceLocation)
        #expect(await fixture.isDone(log), sourceLocation: sourceLocation)
    }

    @Test("wrong responses, at the listener and from clients, leave the login as it is")
    func wrong() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        let right = try fixture.response(to: prompt)
        let state = try #require(CodeLoginFixture.parameters(of: prompt)["state"])
        let wrong = [
            "", "x", "code=c0de", "code=c0de&state=", "code=c0de&state=\(state.dropLast())x",
            "code=c0de&state=\(state)&state=\(state)", "state=\(state)&iss=\(FakeProvider.issuer)",
            right + "&code=other", right + "&error=access_denied", right.replacing("iss=", with: "isx="),
            "code=c0de&state=\(state)&iss=https%3A%2F%2Fevil.example",
            "error=access_denied&state=\(state)&iss=https%3A%2F%2Fevil.example", "error=access_denied",
            right + "&access_token=a", "code=%zz&state=\(state)", String(repeating: "a", count: 70_000),
        ]
        for text in wrong {
            #expect(fixture.listeners.opened[0].take(text) == .ignored, "\(text.prefix(80))")
            let reply = try await fixture.answer(text)
            #expect(!reply.accepted && reply.detail?.isEmpty == false, "\(text.prefix(80))")
            #expect(reply.detail?.contains("c0de") == false && reply.detail?.contains("evil") == false)
        }
        #expect(try await fixture.answer("http://127.0.0.1:40000/other?\(right)").accepted == false)
        try await expectStillPending(fixture, log, prompt)
    }

    @Test("a second response after the first is ignored, whichever way it comes")
    func repeated() async throws {
        let fixture = try CodeLoginFixture()
        let gate = Gate()
        let (log, prompt) = try await fixture.pending()
        fixture.agent.provider.hold(at: gate)
        let listener = fixture.listeners.opened[0]
        #expect(listener.take(try fixture.response(to: prompt)) == .accepted)
        for other in [
            try fixture.response(to: prompt, code: "2"), try fixture.response(to: prompt, error: "access_denied"),
        ] {
            #expect(listener.take(other) == .ignored)
            #expect(try await fixture.answer(other).accepted == false)
        }
        gate.open()
        #expect(await fixture.isDone(log))
        #expect(fixture.agent.provider.requests(.token).count == 1)
        #expect(fixture.lastRequest(.token)["code"] == "c0de")
    }

    @Test("two logins at once: each takes its own response, and ignores the other's")
    func swapped() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        let other = try #require(AccountName("other"))
        let settings = LoginSettings(issuer: FakeProvider.issuer, clientID: "native", scopes: ["files"])
        let otherLog = EventLog(
            try await fixture.agent.agent.login(other, LoginRequest(settings: settings), within: CallerLimits()))
        let otherPrompt = try #require(await otherLog.prompt())
        let (own, foreign) = (try fixture.response(to: prompt), try fixture.response(to: otherPrompt, code: "2"))
        let listeners = fixture.listeners.opened
        #expect(listeners[0].take(foreign) == .ignored && listeners[1].take(own) == .ignored)
        #expect(try await fixture.answer(foreign).accepted == false)
        let reply = try await fixture.agent.agent.answerLogin(other, LoginResponse(response: own))
        #expect(!reply.accepted && reply.detail?.contains("another") == true)
        #expect(log.soFar.count == 1 && otherLog.soFar.count == 1)
        #expect(fixture.agent.provider.requests(.token).isEmpty)
        #expect(listeners[1].take(foreign) == .accepted && listeners[0].take(own) == .accepted)
        let (one, two) = (await fixture.isDone(log), await fixture.isDone(otherLog))
        #expect(one && two)
        let sent = fixture.agent.provider.requests(.token)
        #expect(
            sent.count == 2 && sent.contains { $0.contains("code=c0de") } && sent.contains { $0.contains("code=2") })
    }

    @Test("a response to an earlier login of the account is not taken by the next one, nor after a logout")
    func late() async throws {
        let fixture = try CodeLoginFixture()
        let (first, prompt) = try await fixture.pending()
        let late = try fixture.response(to: prompt)
        try await fixture.agent.agent.cancelLogin(fixture.name)
        #expect(await fixture.failure(first)?.code == "cancelled")
        let problem = await #expect(throws: Problem.self) { try await fixture.answer(late) }
        #expect(problem?.code == .notFound)
        let (second, next) = try await fixture.pending()
        #expect(
            fixture.listeners.opened[0].take(late) == .ignored && fixture.listeners.opened[1].take(late) == .ignored)
        #expect(fixture.listeners.opened[1].take(try fixture.response(to: next)) == .accepted)
        #expect(await fixture.isDone(second))
        _ = try await fixture.agent.agent.logout(fixture.name, LogoutRequest())
        await #expect(throws: Problem.self) { try await fixture.answer(try fixture.response(to: next)) }
        #expect(fixture.agent.provider.requests(.token).count == 1)
    }

    @Test("a logout ends a pending login, and closes its listener")
    func logout() async throws {
        let fixture = try CodeLoginFixture()
        let (first, prompt) = try await fixture.pending()
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        #expect(await fixture.isDone(first))
        let (log, again) = try await fixture.pending()
        _ = try await fixture.agent.agent.logout(fixture.name, LogoutRequest())
        #expect(await fixture.failure(log)?.code == "cancelled")
        let listener = fixture.listeners.opened[1]
        let late = try fixture.response(to: again)
        #expect(listener.isClosed && listener.take(late) == .ignored)
    }

    @Test(
        "the issuer of a response is compared as RFC 9207 says, with what the metadata promises",
        arguments: [
            (true, FakeProvider.issuer, true), (true, nil, false), (true, FakeProvider.issuer + "/", false),
            (true, "https://evil.example", false), (false, nil, true), (false, FakeProvider.issuer, true),
            (false, "https://evil.example", false), (nil, nil, true), (nil, "https://evil.example", false),
        ] as [(Bool?, String?, Bool)])
    func issuer(promised: Bool?, found: String?, isTaken: Bool) async throws {
        for error in [nil, "access_denied"] {
            let fixture = try CodeLoginFixture(.init(sendsIssuer: promised))
            let (log, prompt) = try await fixture.pending()
            let response = try fixture.response(
                to: prompt, error: error, issuer: found,
                more: error == nil ? [] : [URLQueryItem(name: "error_description", value: "evil-words")])
            let verdict = fixture.listeners.opened[0].take(response)
            guard isTaken else {
                #expect(verdict == .ignored)
                #expect(try await fixture.answer(response).detail?.contains("evil-words") == false)
                try await expectStillPending(
                    fixture, log, prompt)
                continue
            }
            #expect(verdict == (error == nil ? .accepted : .declined))
            let isDone = await fixture.isDone(log)
            #expect(isDone == (error == nil))
        }
    }
}
