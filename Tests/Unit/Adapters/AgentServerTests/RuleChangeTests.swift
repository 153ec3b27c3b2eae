import AgentAPI
import AgentServer
import Policy
import TestSupport
import Testing

/// Rules that change while connections are open.
struct RuleChangeTests {
    private func rules(_ rules: AccessRule...) -> AccessRules { AccessRules(owner: AccessFixture.owner, rules: rules) }

    @Test("after a rule change, the next request on an open connection is decided by the new rules")
    func nextRequest() async throws {
        let fixture = AccessFixture()
        let inForce = CurrentRules(rules(AccessFixture.rule(allow: [.token])))
        try await ServerFixture.serving(access: fixture.access(inForce)) { server in
            let client = try server.client()
            try await client.send(.get("/v1/accounts/work/token"))
            #expect(try await client.reply().status == 200)
            inForce.replace(rules(AccessFixture.rule(allow: [.status])))
            try await client.send(.get("/v1/accounts/work/token"))
            #expect(try await client.reply().status == 403)
            try await client.send(.get("/v1/accounts/work"))
            #expect(try await client.reply().status == 200)
        }
    }

    @Test("after its user loses all permissions, a connection is closed, and a new one refused")
    func closed() async throws {
        let fixture = AccessFixture()
        let inForce = CurrentRules(rules(AccessFixture.rule(allow: [.token])))
        try await ServerFixture.serving(access: fixture.access(inForce)) { server in
            // One with HTTP handlers, one in the lane, and a silent one.
            let clients = [try server.client(), try server.client(), try server.client()]
            for (client, fields) in zip(clients, [["X-Other: 1"], []]) {
                try await client.send(Request(method: "GET", target: "/v1/accounts/work/token", fields: fields))
                #expect(try await client.reply().status == 200)
            }
            inForce.replace(rules())
            for client in clients { #expect(try await client.untilClosed() == "") }
            let reply = try await server.exchange(.get("/v1/accounts/work/token"))
            #expect(reply.status == 403)
            #expect(reply.isClosing)
        }
    }

    @Test("after a rule change, others' event streams end; the owner's goes on")
    func streams() async throws {
        for isOwn in [false, true] {
            let caller = isOwn ? Caller(pid: 1, user: AccessFixture.owner, group: 1) : AccessFixture.stranger
            let fixture = AccessFixture()
            let inForce = CurrentRules(rules(AccessFixture.rule(allow: [.login])))
            try await ServerFixture.serving(access: fixture.access(inForce, as: KnownCaller(caller))) { server in
                let client = try server.client()
                try await client.send(.post("/v1/accounts/work/login"))
                #expect(try await client.streamHead().status == 200)
                inForce.replace(rules(AccessFixture.rule(allow: [.token])))
                if isOwn {
                    server.service.send(.slowed(interval: 10))
                    #expect(try await client.nextChunk()?.contains("slowed") == true)
                } else {
                    #expect(try await client.untilClosed() == "")
                }
            }
        }
    }
}
