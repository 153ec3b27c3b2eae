import Agent
import AgentAPI
import TestSupport
import Testing

/// `POST …/token/rejected` with the challenge of the service: another authentication, or more scopes.
struct ChallengeTests {
    private static let stepUp =
        #"Bearer error="insufficient_user_authentication", acr_values="phr phrh", max_age=300"#

    @Test("a demand for another authentication never costs a refresh; the command is what satisfies it")
    func stepUp() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        let count = fixture.agent.provider.requests(.token).count
        let challenges: [(String, String)] = [
            (Self.stepUp, "authagent login work --acr 'phr phrh' --max-age 300 --elevate"),
            (
                #"Bearer error="insufficient_user_authentication", acr_values="phr""#,
                "authagent login work --acr phr --elevate"
            ),
            // Without a context the account's login itself is renewed.
            (
                #"Bearer realm="x", error="insufficient_user_authentication", max_age="0""#,
                "authagent login work --max-age 0"
            ),
            (#"DPoP error="insufficient_user_authentication""#, "authagent login work"),
            (
                #"Bearer error="insufficient_user_authentication", max_age=99999999"#,
                "authagent login work --max-age 31536000"
            ),
            (
                #"Basic realm="a", Bearer error="insufficient_user_authentication", acr_values="$(id)'`x`""#,
                #"authagent login work --acr '$(id)'\''`x`' --elevate"#
            ),
            (
                #"Bearer error="insufficient_user_authentication", acr_values="phr", scope="pay openid""#,
                "authagent login work --acr phr --elevate --scope openid --scope pay"
            ),
            // The account requests it anyway.
            (
                #"Bearer error="insufficient_user_authentication", acr_values="phr", scope="openid""#,
                "authagent login work --acr phr --elevate"
            ),
        ]
        for (challenge, command) in challenges {
            let reply = try await fixture.reject(challenge)
            #expect(reply.result == .stepUp, "\(challenge)")
            #expect(reply.reason == "insufficient_user_authentication")
            #expect(reply.command == command)
            #expect(reply.note?.contains("no renewal gives") == true)
        }
        #expect(fixture.agent.provider.requests(.token).count == count)
        #expect(try await fixture.token(TokenRequest()).accessToken == "a1")
    }

    @Test("an elevated login that satisfies the challenge is named, in the order of the challenge's preference")
    func satisfied() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phrh", access: "e2")
        let reply = try await fixture.reject(Self.stepUp)
        #expect(reply.result == .kept && reply.reason == "elevated" && reply.acr == "phrh")
        #expect(reply.command == nil)
        try await fixture.elevate("phr", access: "e1")
        #expect(try await fixture.reject(Self.stepUp, of: "a1").acr == "phr")
        // It lacks a scope that the service demands as well.
        let more = #"Bearer error="insufficient_user_authentication", acr_values="phr", scope="pay""#
        #expect(try await fixture.reject(more).result == .stepUp)
        // Of any context, but too old by the service's own time: no tolerance, or the client would try again and again.
        let fresh = #"Bearer error="insufficient_user_authentication", max_age=60"#
        #expect(try await fixture.reject(fresh).acr == "phr")
        fixture.agent.time.advance(by: .seconds(61))
        #expect(try await fixture.reject(fresh).result == .stepUp)
    }

    @Test("the elevated token that was refused does not satisfy its own challenge")
    func refusedElevated() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phr", access: "e1")
        let command = "authagent login work --acr 'phr phrh' --max-age 300 --elevate"
        #expect(try await fixture.reject(Self.stepUp, of: "e1").command == command)
        #expect(try await fixture.reject(Self.stepUp, acr: ["phr"]).command == command)
        // Another login in that context has come since.
        try await fixture.elevate("phr", access: "e2")
        #expect(try await fixture.reject(Self.stepUp, of: "e1", acr: ["phr"]).acr == "phr")
    }

    @Test("an elevated token is never renewed: the command is its own login's, with what the service demands")
    func elevatedEnded() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phr", access: "e1")
        let count = fixture.agent.provider.requests(.token).count
        let base = "authagent login work --acr phr --elevate"
        for (challenge, reason, rest) in [
            (nil, "invalid_token", ""), (#"Bearer error="invalid_token""#, "invalid_token", ""),
            (
                #"Bearer error="insufficient_scope", scope="pay""#, "insufficient_scope",
                " --scope openid --scope pay"
            ),
            (
                #"Bearer error="insufficient_claims", claims="eyJhIjoxfQ==""#, "insufficient_claims",
                #" --claims '{"a":1}'"#
            ),
        ] as [(String?, String, String)] {
            for reply in [
                try await fixture.reject(challenge, of: "e1"), try await fixture.reject(challenge, acr: ["x", "phr"]),
            ] {
                #expect(reply.result == .stepUp && reply.reason == reason)
                #expect(reply.command == base + rest)
            }
        }
        // The digest is of an earlier one, and another is there by now.
        let other = try await fixture.reject(nil, of: "e0", acr: ["phr"])
        #expect(other.result == .kept && other.reason == "another_token" && other.acr == "phr")
        fixture.agent.time.advance(by: .seconds(600))
        let ended = try await fixture.reject(nil, of: "e1", acr: ["phr"])
        #expect(ended.result == .stepUp && ended.reason == "step_up_required" && ended.command == base)
        #expect(fixture.agent.provider.requests(.token).count == count)
    }

    @Test("a login anew satisfies the challenge of its earlier token; of its own token it does not")
    func loggedInAnew() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1", age: 5000)
        let fresh = #"Bearer error="insufficient_user_authentication", max_age=300"#
        #expect(try await fixture.reject(fresh, of: "a1").result == .stepUp)
        fixture.agent.provider.script(
            .token, .grant(access: "b1", refresh: "rb1", idToken: try fixture.idToken(acr: "1")))
        let log = try await fixture.agent.login(IdentityFixture.demanding(maxAge: 300, settings: nil))
        await fixture.agent.passInterval()
        _ = await log.events()
        let reply = try await fixture.reject(fresh, of: "a1")
        #expect(reply.result == .kept && reply.reason == "another_token" && reply.acr == nil)
        #expect(try await fixture.reject(fresh, of: "b1").result == .stepUp)
        #expect(try await fixture.reject(fresh).result == .stepUp)
    }

    @Test("scopes of the login come with a renewal, others with a login that requests the account's as well")
    func scopes() async throws {
        let fixture = try await AgentFixture.loggedIn(["openid", "mail", "files"], granted: "openid mail files")
        func reject(_ scope: String, _ target: TokenTarget? = nil) async throws -> TokenRejectionReply {
            try await fixture.agent.rejectToken(
                fixture.name, TokenRequest(target: target),
                challenge: #"Bearer error="insufficient_scope", scope="\#(scope)""#)
        }
        let count = fixture.provider.requests(.token).count
        let reply = try await reject("pay mail")
        #expect(reply.result == .stepUp && reply.reason == "insufficient_scope")
        #expect(
            reply.command == "authagent login work --scope openid --scope mail --scope files --scope pay")
        #expect(fixture.provider.requests(.token).count == count)
        // A token with fewer scopes is requested with all of them.
        fixture.provider.script(.token, .token("m1", scope: "mail"), .token("w1", scope: "mail files"))
        let mail = try TokenTarget(scopes: ["mail"])
        #expect(try await fixture.agent.token(fixture.name, TokenRequest(target: mail)).accessToken == "m1")
        let wider = try await reject("files", mail)
        #expect(wider.result == .renewed && wider.scope == "files mail")
        let both = TokenRequest(target: try TokenTarget(scopes: ["files", "mail"]))
        #expect(try await fixture.agent.token(fixture.name, both).accessToken == "w1")
        #expect(fixture.provider.requests(.token).count == count + 2)
        // The service goes on: renewed once, then the command is there as well.
        fixture.provider.script(.token, .token("w2", scope: "mail files"))
        #expect(try await reject("files", mail).result == .renewed)
        let kept = try await reject("files", mail)
        #expect(kept.result == .kept && kept.reason == "renewed_lately" && kept.scope == "files mail")
        #expect(kept.command == "authagent login work --scope openid --scope mail --scope files")
        #expect(fixture.provider.requests(.token).count == count + 3)
        // The login's own token has them, by what the provider says: renewed as any other.
        fixture.provider.script(.token, .token("a2", scope: "openid mail files"))
        #expect(try await reject("mail").result == .renewed)
        #expect(try await reject("mail").reason == "renewed_lately")
        // A demand without scopes may concern rights that the next token has.
        let unnamed = try await fixture.agent.rejectToken(
            fixture.name, TokenRequest(), challenge: #"Bearer error="insufficient_scope""#)
        #expect(unnamed.reason == "renewed_lately")
    }

    @Test("the provider may refuse the wider token; the login stays, and its problem is the reply's")
    func refusedScopes() async throws {
        let fixture = try await AgentFixture.loggedIn(["openid", "mail"], granted: "openid mail")
        fixture.provider.script(.token, .token("m1", scope: "mail"), .error("invalid_scope"))
        let mail = TokenRequest(target: try TokenTarget(scopes: ["mail"]))
        _ = try await fixture.agent.token(fixture.name, mail)
        await #expect {
            try await fixture.agent.rejectToken(
                fixture.name, mail, challenge: #"Bearer error="insufficient_scope", scope="openid""#)
        } throws: { ($0 as? Problem)?.code == .scopeNotGranted }
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("under a bound a service's demand never leads beyond it, and no command shows the login's scopes")
    func bounds() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        fixture.provider.script(.token, .token("n1", scope: "read"))
        let count = fixture.provider.requests(.token).count
        let request = BoundRequest(bound: .scopes("read", "write"))
        func reject(_ challenge: String) async throws -> TokenRejectionReply {
            try await fixture.agent.rejectToken(fixture.name, request, challenge: challenge)
        }
        for challenge in [
            #"Bearer error="insufficient_scope", scope="admin""#,
            #"Bearer error="insufficient_user_authentication", acr_values="phr", scope="admin""#,
        ] {
            await #expect { try await reject(challenge) } throws: {
                ($0 as? Problem)?.code == .forbidden && ($0 as? Problem)?.reason == "scope_not_allowed"
            }
        }
        for challenge in [
            #"Bearer error="insufficient_scope", scope="write""#, #"Bearer error="insufficient_claims", claims="e30=""#,
            #"Bearer error="insufficient_user_authentication", acr_values="phr""#,
        ] {
            let reply = try await reject(challenge)
            #expect(reply.result == .stepUp && reply.command == nil && reply.note != nil, "\(challenge)")
        }
        #expect(fixture.provider.requests(.token).count == count)
    }

    @Test("a challenge that is unknown, or cannot be read, is a refusal as any other")
    func others() async throws {
        for (challenge, note) in [
            ("Bearer", nil), (#"Bearer error="invalid_token""#, nil), (#"Basic realm="x""#, nil), ("", nil),
            (#"Bearer error="use_dpop_nonce""#, nil),
            (#"Bearer error="insufficient_scope", scope="a"b"#, "cannot be read"),
            ("Bearer error=\u{1}", "cannot be read"),
        ] as [(String, String?)] {
            let fixture = try IdentityFixture()
            try await fixture.logIn(acr: "1")
            fixture.agent.provider.script(.token, .grant(access: "a2"))
            let reply = try await fixture.reject(challenge)
            #expect(reply.result == .renewed, "\(challenge)")
            #expect(note.map { reply.note?.contains($0) == true } ?? (reply.note == nil), "\(challenge): \(reply)")
        }
    }

    @Test("a demand that cannot be read is not taken for one that a renewal satisfies")
    func unreadable() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        let count = fixture.agent.provider.requests(.token).count
        for challenge in [
            #"Bearer error="insufficient_user_authentication", acr_values="phr", max_age="300s""#,
            #"Basic realm=My Site, Bearer error="insufficient_user_authentication", acr_values="phr""#,
            #"Bearer error="insufficient_claims", claims="%%%""#,
        ] {
            let reply = try await fixture.reject(challenge)
            #expect(reply.result == .stepUp && reply.command == nil, "\(challenge)")
            #expect(reply.note?.contains("cannot be read") == true)
        }
        #expect(fixture.agent.provider.requests(.token).count == count)
    }

    @Test("the command keeps what the login has beyond the account file, and callers do not learn of elevated logins")
    func hidden() async throws {
        let fixture = try await AgentFixture.loggedIn(["mail", "offline_access"], granted: "Mail files")
        let reply = try await fixture.agent.rejectToken(
            fixture.name, TokenRequest(), challenge: #"Bearer error="insufficient_scope", scope="pay""#)
        #expect(
            reply.command
                == "authagent login work --scope mail --scope offline_access --scope files --scope pay")
        let elevated = try IdentityFixture()
        try await elevated.logIn(acr: "1")
        try await elevated.elevate("phr")
        let rejected = RejectedToken(TokenRequest(), challenge: Self.stepUp, mayBeElevated: false)
        let hidden = try await elevated.agent.agent.rejectToken(
            elevated.agent.name, rejected, within: CallerLimits(user: 4242))
        #expect(hidden.result == .stepUp && hidden.acr == nil)
    }

    @Test("callers other than the owner are told whose the login is")
    func whose() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        let reply = try await fixture.reject(Self.stepUp, within: CallerLimits(user: 4242))
        #expect(reply.note?.contains("owner of the agent") == true)
        _ = try await fixture.agent.agent.lock(LockRequest())
        await #expect { try await fixture.reject(Self.stepUp) } throws: { ($0 as? Problem)?.code == .locked }
    }

    @Test("a shell takes the command of any challenge as it was meant")
    func shell() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        for context in [
            "phr", "-x", "--", "it's", "$(id)`id`", "a;b&c|d>e", "~", "*?[a]", "!!", "#x", "a=b", "{a,b}", "'", "''",
        ] {
            let challenge = #"Bearer error="insufficient_user_authentication", acr_values="\#(context) b""#
            let command = try #require(try await fixture.reject(challenge).command)
            let result = try await ChildProcess.run(
                "/bin/sh", ["-c", "authagent() { printf '%s\\n' \"$@\"; }; \(command)"])
            let option = context.hasPrefix("-") ? ["--acr=\(context) b"] : ["--acr", "\(context) b"]
            #expect(result.lines == ["login", "work"] + option + ["--elevate"], "\(command)")
        }
    }
}
