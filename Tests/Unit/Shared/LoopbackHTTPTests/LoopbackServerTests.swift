import Glibc
import LoopbackHTTP
import System
import Testing

/// The server with real sockets.
@Suite(.timeLimit(.minutes(2)))
struct LoopbackServerTests {
    private func server(
        for clients: LoopbackClients = .browsers,
        at place: LoopbackPlace = LoopbackPlace(families: [.ipv4, .ipv6]),
        _ handler: @escaping LoopbackServer.Handler = { .page(title: $0.path, [$0.rawQuery ?? "none"]) }
    ) throws -> LoopbackServer {
        let server = try LoopbackServer(for: clients, at: place, handler: handler)
        #expect(server.start())
        return server
    }

    @Test("both addresses have the same port, and each answers under its name")
    func both() throws {
        let server = try server()
        defer { server.stop() }
        for host in ["127.0.0.1", "localhost"] {
            let reply = RawClient.get("/a?b", host: "\(host):\(server.port)", .ipv4, server.port)
            #expect(reply?.hasPrefix("HTTP/1.1 200 OK\r\n") == true && reply?.contains("<h1>/a</h1>\n<p>b</p>") == true)
        }
        guard server.families.contains(.ipv6) else { return }
        for host in ["[::1]", "LOCALHOST"] {
            #expect(RawClient.get("/a", host: "\(host):\(server.port)", .ipv6, server.port)?.contains("200 OK") == true)
        }
    }

    @Test("each page has the fields that keep it out of caches, referrers, frames and scripts")
    func fields() throws {
        let server = try server()
        defer { server.stop() }
        let reply = try #require(RawClient.get("/a", host: "127.0.0.1:\(server.port)", .ipv4, server.port))
        for field in [
            "Content-Security-Policy: default-src 'none'", "Referrer-Policy: no-referrer", "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff", "Content-Type: text/html; charset=utf-8",
        ] { #expect(reply.contains("\r\n\(field)"), "\(field)") }
        #expect(!reply.contains("<script") && !reply.contains("<style"))
    }

    @Test("another host, another port and another method are refused before the handler")
    func refused() throws {
        let server = try server { _ in LoopbackReply.page(title: "handled", []) }
        defer { server.stop() }
        for host in [
            "evil.example", "evil.example:\(server.port)", "127.0.0.1", "127.0.0.1:1", "127.0.0.2:\(server.port)",
        ] {
            let reply = RawClient.get("/", host: host, .ipv4, server.port)
            #expect(reply?.contains(" 403 ") == true && reply?.contains("handled") == false, "\(host)")
        }
        let post = RawClient.send(
            "POST / HTTP/1.1\r\nHost: localhost:\(server.port)\r\n\r\n", .ipv4, server.port)
        #expect(post?.contains(" 405 ") == true)
    }

    @Test("HEAD gets the head alone, and cookies of other ports are taken")
    func browser() throws {
        let server = try server()
        defer { server.stop() }
        let head = RawClient.send("HEAD /a HTTP/1.1\r\nHost: localhost:\(server.port)\r\n\r\n", .ipv4, server.port)
        #expect(head?.contains("200 OK") == true && head?.hasSuffix("\r\n\r\n") == true)
        let cookie = String(repeating: "x", count: 20_000) + "\u{e9}"
        let reply = RawClient.send(
            "GET /a HTTP/1.1\r\nHost: localhost:\(server.port)\r\nCookie: \(cookie)\r\n\r\n", .ipv4, server.port)
        #expect(reply?.contains("200 OK") == true)
    }

    @Test("programs are read strictly, and get errors in their own form")
    func programs() throws {
        let server = try server(for: .programs { Array("\($0) \($1)".utf8) }, at: LoopbackPlace())
        defer { server.stop() }
        let host = "127.0.0.1:\(server.port)"
        #expect(
            RawClient.get("/?a=1&a=2", host: host, .ipv4, server.port)?.hasSuffix("400 a parameter occurs twice")
                == true)
        let origin = RawClient.send("GET / HTTP/1.1\r\nHost: \(host)\r\nOrigin: null\r\n\r\n", .ipv4, server.port)
        #expect(origin?.contains(" 403 ") == true)
        #expect(server.families == [.ipv4])
    }

    @Test("after stop connections are refused, and a request that is being answered is answered")
    func stop() throws {
        let (started, mayEnd) = (Flag(), Flag())
        let server = try server { _ in
            started.raise()
            mayEnd.wait()
            return .page(title: "late", [])
        }
        let port = server.port
        let late = Answer()
        #expect(
            WorkerThread.start(named: "client") { late.set(RawClient.get("/", host: "127.0.0.1:\(port)", .ipv4, port)) }
        )
        started.wait()
        #expect(server.isAnswering)
        server.stop()
        server.stop()
        #expect(RawClient.get("/", host: "127.0.0.1:\(port)", .ipv4, port) == nil)
        // The port is free for the next login at once.
        let next = try self.server(at: LoopbackPlace(port: port))
        #expect(RawClient.get("/", host: "127.0.0.1:\(port)", .ipv4, port)?.contains("200 OK") == true)
        next.stop()
        mayEnd.raise()
        #expect(late.wait()?.contains("<h1>late</h1>") == true)
    }

    @Test("a port that is taken at a needed address is refused, and left out at another")
    func taken() throws {
        let other = try server(at: LoopbackPlace(families: [.ipv6], needed: [.ipv6]))
        defer { other.stop() }
        let error = #expect(throws: LoopbackServer.ListenFailure.self) {
            try LoopbackServer(
                for: .browsers, at: LoopbackPlace(port: other.port, needed: [.ipv4, .ipv6])
            ) { _ in .page(title: "", []) }
        }
        #expect(error?.code == EADDRINUSE && error?.port == other.port)
        let apart = try server(at: LoopbackPlace(port: other.port, families: [.ipv4, .ipv6]))
        defer { apart.stop() }
        #expect(apart.families == [.ipv4] && apart.port == other.port)
    }
}
