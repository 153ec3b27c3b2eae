import AgentAPI
import AgentServer
import Foundation
import Policy
import Synchronization
import TestSupport
import Testing

/// Requests that the server answers by their bytes, because it has read the same before.
struct KnownRequestTests {
    private static let known = Request.get("/v1/accounts/work/token").text

    @Test("a reply has the same bytes whether or not its request is known, on the same connection and on a new one")
    func sameBytes() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(Self.known)
            let first = try await client.reply()
            for _ in 0..<3 {
                try await client.send(Self.known)
                #expect("\(try await client.reply())" == "\(first)")
            }
            // Some are, or nothing here shows anything.
            let same = server.known.count
            #expect(same > 0)
            // A new connection whose caller has yet to be looked at is answered in the usual way.
            var others = 0
            while server.known.count == same, others < 100 {
                let other = try server.client()
                try await other.send(Self.known)
                #expect("\(try await other.reply())" == "\(first)")
                others += 1
            }
            #expect(server.known.count > same)
            #expect(server.service.calls.count == 4 + others)
        }
    }

    @Test("what one user's programs ask for is not known to another's, whom a sooner answer would tell of it")
    func users() async throws {
        let owner = getuid()
        let next = Mutex(owner)
        let rules = AccessRules(
            owner: owner, rules: [AccessFixture.rule(["mine"], [.everyUser], allow: [.token])])
        let access = Access(
            rules: CurrentRules(rules),
            peer: { _ in
                let user = next.withLock { $0 }
                return KnownCaller(Caller(pid: 1, user: user, group: user))
            })
        try await ServerFixture.serving(access: access) { server in
            for (user, status, known) in [(owner, 200, 0), (owner, 200, 1), (owner + 1, 403, 1), (owner, 200, 2)] {
                next.withLock { $0 = user }
                let client = try server.client()
                try await client.send(Self.known)
                #expect(try await client.reply().status == status)
                // It is counted after the reply is sent.
                await eventually { server.known.count == known }
            }
        }
    }

    @Test("known requests and others take turns on one connection")
    func turns() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            server.service.refresh.open()
            for _ in 0..<3 {
                for (path, mark) in [
                    ("work/token", "at-secret"), ("slow/token", "slow"), ("gone/token", "not_logged_in"),
                ] {
                    try await client.send(Request.get("/v1/accounts/\(path)"))
                    #expect(try await client.reply().body.contains(mark))
                }
            }
        }
    }

    @Test("several in one piece, or one in two, are what they are")
    func pieces() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(Self.known)
            _ = try await client.reply()
            try await client.send(Self.known + Self.known + Self.known.dropLast(9))
            for _ in 0..<2 { #expect(try await client.reply().body.contains("at-secret")) }
            try await client.send(String(Self.known.suffix(9)) + Self.known)
            for _ in 0..<2 { #expect(try await client.reply().body.contains("at-secret")) }
        }
    }

    @Test("the bytes of a known request within another one's body are a body", arguments: ["GET", "POST"])
    func body(method: String) async throws {
        try await ServerFixture.serving { server in
            _ = try await server.exchange(.get("/v1/accounts/work/token"))
            let client = try server.client()
            let path = method == "GET" ? "/v1/health" : "/v1/accounts/work/logout"
            // Its answer is the sign that the server has read so far.
            try await client.send(
                "\(method) \(path) HTTP/1.1\r\nHost:\r\nExpect: 100-continue\r\n"
                    + "Content-Length: \(Self.known.utf8.count)\r\n\r\n")
            #expect(try await client.reply().status == 100)
            try await client.send(Self.known)
            let reply = try await client.reply()
            #expect(!reply.body.contains("at-secret"))
            #expect(reply.status == (method == "GET" ? 200 : 400))
        }
    }

    @Test("a client that sends no more behind a known request gets its reply, and the connection ends")
    func halfClosed() async throws {
        try await ServerFixture.serving { server in
            _ = try await server.exchange(.get("/v1/accounts/work/token"))
            let client = try server.client()
            try await client.send(Self.known)
            client.closeSending()
            #expect(try await client.reply().body.contains("at-secret"))
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("a client that sends known requests and reads nothing is cut off")
    func stalledReader() async throws {
        var limits = ServerLimits()
        limits.writeTime = .milliseconds(200)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            try await client.send(Self.known)
            _ = try await client.reply()
            // More than all buffers on the way hold; the server hangs up before it has taken everything.
            let sent = try await client.sendUntilClosed(Array(Self.known.utf8), times: 100_000)
            #expect(sent < 100_000 * Self.known.utf8.count)
            #expect(server.service.calls.count < 50_000)
        }
    }

    @Test("more different requests than are kept are all answered")
    func many() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            for _ in 0..<2 {
                for seconds in 0..<600 {
                    try await client.send(Request.get("/v1/accounts/work/token?min_valid=\(seconds)"))
                    #expect(try await client.reply().status == 200)
                }
            }
            let asked = server.service.calls.map { call in
                if case .token(_, let request, _) = call { request.minimumValidity } else { -1 }
            }
            #expect(asked == Array(0..<600) + Array(0..<600))
        }
    }
}
