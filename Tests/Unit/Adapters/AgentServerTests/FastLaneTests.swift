import AgentAPI
import AgentServer
import Foundation
import Policy
import Synchronization
import TestSupport
import Testing

/// Plain token requests, which are answered before HTTP reads them, and their neighbours.
struct FastLaneTests {
    private static let plain = Request.get("/v1/accounts/work/token").text

    @Test("a plain request and one for HTTP get the same reply, on new and on kept connections")
    func sameReply() async throws {
        try await ServerFixture.serving { server in
            let other = try await server.exchange(.get("/v1/accounts/work/token", "X-Other: 1"))
            #expect(server.lane.count == 0)
            for round in 1...3 {
                let client = try server.client()
                for _ in 0..<2 {
                    try await client.send(Self.plain)
                    #expect("\(try await client.reply())" == "\(other)")
                }
                #expect(server.lane.count == round * 2)
            }
            #expect(server.service.calls.count == 7)
        }
    }

    @Test(
        "what HTTP clients send by themselves stays in the lane",
        arguments: [
            // curl, Python's urllib and requests, Go, Node, wget
            ["User-Agent: curl/7.88.1", "Accept: */*"],
            ["Accept-Encoding: identity", "User-Agent: Python-urllib/3.11"],
            [
                "User-Agent: python-requests/2.31", "Accept-Encoding: gzip, deflate", "Accept: */*",
                "Connection: keep-alive",
            ],
            ["User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip"], ["Connection: keep-alive"],
            ["User-Agent: Wget/1.21.3", "Accept: */*", "Accept-Encoding: identity", "Connection: Keep-Alive"],
        ])
    func clients(fields: [String]) async throws {
        try await ServerFixture.serving { server in
            let request = Request(method: "GET", target: "/v1/accounts/work/token?min_valid=90", fields: fields)
            let client = try server.client()
            try await client.send(request)
            #expect(try await client.reply().body.contains("at-secret"))
            #expect(server.lane.count == 1)
        }
    }

    @Test("with Connection: close the lane closes the connection after the reply")
    func closes() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(.get("/v1/accounts/work/token", "Accept: text/plain", "Connection: close"))
            let reply = try await client.reply()
            #expect(reply.body == "at-secret\n")
            #expect(reply.isClosing)
            #expect(try await client.untilClosed() == "")
            #expect(server.lane.count == 1)
        }
    }

    @Test("a rate counts each request once, whether the lane answers it or hands it over")
    func rate() async throws {
        let fixture = AccessFixture()
        let access = fixture.access(AccessFixture.rule(allow: [.token], perMinute: 4))
        try await ServerFixture.serving(access: access) { server in
            var statuses: [Int] = []
            for round in 0..<6 {
                let fields = round % 2 == 0 ? [] : ["X-Other: 1"]
                let request = Request(method: "GET", target: "/v1/accounts/work/token", fields: fields)
                statuses.append(try await server.exchange(request).status)
            }
            #expect(statuses == [200, 200, 200, 200, 429, 429])
            #expect(server.lane.count == 2)
            #expect(fixture.records.count == 6)
        }
    }

    @Test("a rule with a bound, or one that needs the executable, is decided by HTTP's path once")
    func handedOver() async throws {
        for rule in [
            AccessFixture.rule(allow: [.token], scopes: ["a"]),
            AccessFixture.rule([.init("*")], [.executable("/usr/bin/git")], allow: [.token]),
        ] {
            let fixture = AccessFixture()
            try await ServerFixture.serving(access: fixture.access(rule)) { server in
                _ = try await server.exchange(.get("/v1/accounts/work/token"))
                #expect(server.lane.count == 0)
                #expect(fixture.records.count == 1)
            }
        }
    }

    @Test("a connection returns to the lane after a while without a request", arguments: ["GET", "POST"])
    func returns(method: String) async throws {
        var limits = ServerLimits()
        // Shorter than the pause between two requests below.
        limits.returnTime = .milliseconds(1)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            for round in 1...3 {
                try await client.send(
                    method == "GET" ? .get("/v1/health") : .post("/v1/accounts/work/logout", #"{"local":true}"#))
                #expect(try await client.reply().status == 200)
                // Requests before the return are HTTP's.
                try await eventually {
                    try await client.send(Self.plain)
                    _ = try await client.reply()
                    return server.lane.count >= round
                }
            }
        }
    }

    @Test("a connection returns to the lane whatever it has asked by HTTP", arguments: [1, 40, 1500])
    func returnsAfterPieces(size: Int) async throws {
        var limits = ServerLimits()
        // Shorter than the pause between two requests below.
        limits.returnTime = .milliseconds(1)
        // A request in thousands of pieces takes long on a busy machine.
        limits.requestTime = .seconds(600)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            let long = Request.get("/v1/health", "X-Long: " + String(repeating: "x", count: 2_000))
            let body = Request.post("/v1/accounts/work/logout", "{" + String(repeating: " ", count: 3_000) + "}")
            let chunks =
                "POST /v1/accounts/work/logout HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "1;a=b\r\n{\r\n10\r\n" + String(repeating: " ", count: 16) + "\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n"
            let bytes = Array((long.text + body.text + chunks + long.text).utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                try await client.send(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            for _ in 0..<4 { #expect(try await client.reply().status == 200) }
            try await eventually {
                try await client.send(Self.plain)
                _ = try await client.reply()
                return server.lane.count > 0
            }
        }
    }

    @Test("a huge length in a request's head is refused", arguments: ["9223372036854775807", "99999999999999999999"])
    func hugeLength(length: String) async throws {
        try await ServerFixture.serving { server in
            for digits in [length, "\(Int.max - 60)"] {
                let client = try server.client()
                try await client.send("POST /v1/lock HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(digits)\r\n\r\n")
                #expect([400, 413].contains(try await client.reply().status))
            }
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
        }
    }

    @Test("a request whose client closes the connection at once is carried out")
    func closesAtOnce() async throws {
        try await ServerFixture.serving { server in
            for round in 1...20 {
                let client = try server.client()
                // It is in the lane by now.
                if round % 2 == 0 { #expect(try await server.exchange(.get("/v1/health")).status == 200) }
                try await client.send(.post("/v1/lock"))
                client.close()
                await eventually { server.service.finished.count == round }
            }
        }
    }

    @Test("an out-of-band byte keeps neither the lane nor HTTP busy")
    func outOfBand() async throws {
        try await ServerFixture.serving { server in
            let plain = try server.client()
            try await plain.send(Self.plain)
            _ = try await plain.reply()
            // Kernels without CONFIG_AF_UNIX_OOB refuse it.
            guard send(plain.descriptor, "x", 1, Int32(MSG_OOB)) == 1 else {
                #expect(errno == EOPNOTSUPP)
                return
            }
            #expect(try await plain.untilClosed() == "")
            let other = try server.client()
            try await other.send("GET /v1/health HTTP/1.1\r\nHost: local")
            // The beginning is HTTP's by the time that another request is answered.
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
            #expect(send(other.descriptor, "h", 1, Int32(MSG_OOB)) == 1)
            try await other.send("ost\r\n\r\n")
            #expect(try await other.reply().status == 200)
        }
    }

    @Test("a connection with the beginning of another request does not return to the lane")
    func beginning() async throws {
        var limits = ServerLimits()
        limits.returnTime = .milliseconds(1)
        try await ServerFixture.serving(limits) { server in
            for beginning in ["G", "GET / HTTP/1.1\r\nHost", "\r\n"] {
                let client = try server.client()
                try await client.send(Request.get("/v1/health").text + beginning)
                #expect(try await client.reply().status == 200)
                // Others have come and gone since.
                for _ in 0..<20 { #expect(try await server.exchange(.get("/v1/health")).status == 200) }
                try await client.send(String(Self.plain.dropFirst(beginning.hasPrefix("G") ? beginning.count : 0)))
                #expect(try await client.reply().status != 408)
            }
        }
    }

    @Test("an idle connection of the lane is closed after its time")
    func idle() async throws {
        var limits = ServerLimits()
        limits.idleTime = .milliseconds(100)
        try await ServerFixture.serving(limits) { server in
            let (silent, asked) = (try server.client(), try server.client())
            try await asked.send(Self.plain)
            _ = try await asked.reply()
            for client in [silent, asked] { #expect(try await client.untilClosed() == "") }
        }
    }

    @Test("mutated plain requests: where the lane answers, HTTP gives the same status and body")
    func difference() async throws {
        var limits = ServerLimits()
        // What HTTP has once, it keeps.
        limits.returnTime = .seconds(3600)
        limits.idleTime = .seconds(7200)
        let rounds = ProcessInfo.processInfo.environment["LANE_MUTATIONS"].flatMap { Int($0) } ?? 2_000
        try await ServerFixture.serving(limits) { server in
            var random = SeededGenerator(seed: 13)
            var compared = 0
            for _ in 0..<rounds {
                let bytes = PlainMutation.next(&random)
                let before = server.lane.count
                let client = try server.client()
                _ = try await client.sendUntilClosed(bytes)
                client.closeSending()
                let text = try await client.untilClosed()
                guard server.lane.count > before else { continue }
                compared += 1
                let other = try server.client()
                try await other.send(.get("/v1/health", "X-Other: 1"))
                _ = try await other.reply()
                _ = try await other.sendUntilClosed(bytes)
                other.closeSending()
                try #require(try await other.untilClosed() == text, "\(String(decoding: bytes, as: UTF8.self))")
            }
            // Otherwise nothing here shows anything.
            #expect(compared > rounds / 20)
        }
    }

    @Test("plain requests and others take turns on one connection")
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
            try await client.send(Self.plain)
            _ = try await client.reply()
            try await client.send(Self.plain + Self.plain + Self.plain.dropLast(9))
            for _ in 0..<2 { #expect(try await client.reply().body.contains("at-secret")) }
            try await client.send(String(Self.plain.suffix(9)) + Self.plain)
            for _ in 0..<2 { #expect(try await client.reply().body.contains("at-secret")) }
        }
    }

    @Test("the bytes of a plain request within another one's body are a body", arguments: ["GET", "POST"])
    func body(method: String) async throws {
        try await ServerFixture.serving { server in
            _ = try await server.exchange(.get("/v1/accounts/work/token"))
            let client = try server.client()
            let path = method == "GET" ? "/v1/health" : "/v1/accounts/work/logout"
            // Its answer is the sign that the server has read so far.
            try await client.send(
                "\(method) \(path) HTTP/1.1\r\nHost:\r\nExpect: 100-continue\r\n"
                    + "Content-Length: \(Self.plain.utf8.count)\r\n\r\n")
            #expect(try await client.reply().status == 100)
            try await client.send(Self.plain)
            let reply = try await client.reply()
            #expect(!reply.body.contains("at-secret"))
            #expect(reply.status == (method == "GET" ? 200 : 400))
        }
    }

    @Test("a client that sends no more behind a plain request gets its reply, and the connection ends")
    func halfClosed() async throws {
        try await ServerFixture.serving { server in
            _ = try await server.exchange(.get("/v1/accounts/work/token"))
            let client = try server.client()
            try await client.send(Self.plain)
            client.closeSending()
            #expect(try await client.reply().body.contains("at-secret"))
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("a client that sends plain requests and reads nothing is cut off")
    func stalledReader() async throws {
        var limits = ServerLimits()
        limits.writeTime = .milliseconds(200)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            try await client.send(Self.plain)
            _ = try await client.reply()
            // More than all buffers on the way hold; the server hangs up before it has taken everything.
            let sent = try await client.sendUntilClosed(Array(Self.plain.utf8), times: 100_000)
            #expect(sent < 100_000 * Self.plain.utf8.count)
            #expect(server.service.calls.count < 50_000)
        }
    }
}
