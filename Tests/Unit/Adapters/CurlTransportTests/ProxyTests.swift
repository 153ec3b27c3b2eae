import CurlTransport
import OAuth
import TestSupport
import Testing

/// A proxy forwards https, which it cannot read, and never http.
struct ProxyTests {
    @Test("https sends the proxy only a CONNECT; its refusal is not a certificate error")
    func tunnel() async throws {
        let proxy = try LoopbackServer { $0.serve("502 Bad Gateway", "no \u{1B}[2J way") }
        let target = try LoopbackServer { $0.drain() }
        let transport = CurlTransport(.init(proxy: proxy.url, noProxy: ""))
        try await expectFailure(
            .unreachable, transport, makeRequest(.post, "https://127.0.0.1:\(target.port)/token?code=\(canary)")
        )
        #expect(proxy.requests.map(\.line) == ["CONNECT 127.0.0.1:\(target.port) HTTP/1.1"])
        #expect(proxy.received.firstRange(of: canary.utf8) == nil)
        #expect(target.connectionCount == 0)
    }

    @Test("an unreachable or refusing proxy is named, with its setting and without its password")
    func dead() async throws {
        let port = try LoopbackServer().port
        let refusing = try LoopbackServer { $0.serve("407 Proxy Authentication Required") }
        let request = try makeRequest(.post, "https://provider.example/token")
        for (proxy, shown) in [
            ("http://user:pa%2Fss@127.0.0.1:\(port)/", "http://127.0.0.1:\(port)"),
            ("127.0.0.1:\(port)", "127.0.0.1:\(port)"),
            ("socks5h://127.0.0.1:\(port)", "socks5h://127.0.0.1:\(port)"),
            ("http://u:p@127.0.0.1:\(refusing.port)", "http://127.0.0.1:\(refusing.port)"),
        ] {
            let text = try await expectFailure(.unreachable, CurlTransport(.init(proxy: proxy, noProxy: "")), request)
            #expect(text.contains("the proxy \(shown) (network.proxy)"), "\(text)")
            #expect(!text.contains("connect to provider.example"), "\(text)")
            #expect(!text.contains("pa%2F") && !text.contains("u:p"), "\(text)")
        }
        let unnamed = CurlTransport(.init(proxy: "http://\(unresolvableHost):3128", noProxy: ""))
        let unknown = try await expectFailure(.nameNotFound, unnamed, request)
        #expect(unknown.contains("http://\(unresolvableHost):3128 (network.proxy)"), "\(unknown)")
        // If the provider itself is unreachable, the proxy is not at fault.
        let direct = CurlTransport(.init(proxy: "http://127.0.0.1:\(port)", noProxy: "127.0.0.1"))
        let other = try LoopbackServer().port
        let text = try await expectFailure(.unreachable, direct, makeRequest(.post, "https://127.0.0.1:\(other)/"))
        #expect(text.contains("127.0.0.1:\(other)") && !text.contains("proxy"), "\(text)")
    }

    @Test("through a tunnel, certificate and reply are the target's")
    func wholeTunnel() async throws {
        let authority = try await ThrowAwayCA()
        let server = try await TLSServer(authority.certificate())
        let port = server.port
        let proxy = try LoopbackServer { connection in
            guard connection.request() != nil, let target = LoopbackConnection.open(port: port) else { return }
            connection.send("HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
            connection.relay(to: target)
        }
        let transport = CurlTransport(.init(proxy: proxy.url, noProxy: "", caFile: authority.file))
        let request = try makeRequest(.post, server.url)
        async let response = transport.send(request)
        await eventually { server.received.contains(canary) }
        server.reply("{}")
        #expect(try await response.status == 200)
        #expect(try await response.header("X-Proxy") == nil)
        #expect(proxy.received.firstRange(of: canary.utf8) == nil)
    }

    @Test("a host in no_proxy is contacted directly")
    func noProxy() async throws {
        let authority = try await ThrowAwayCA()
        let server = try await TLSServer(authority.certificate())
        let proxy = try LoopbackServer { $0.serve() }
        let transport = CurlTransport(.init(proxy: proxy.url, noProxy: "127.0.0.1", caFile: authority.file))
        let request = try makeRequest(.post, server.url)
        async let response = transport.send(request)
        await eventually { server.received.contains(canary) }
        server.reply("{}")
        #expect(try await response.status == 200)
        #expect(proxy.connectionCount == 0)
    }

    @Test("http never uses a proxy, whatever the settings", arguments: ["", "other.example", nil])
    func plain(noProxy: String?) async throws {
        let server = try LoopbackServer { $0.serve() }
        let proxy = try LoopbackServer { $0.serve("502 Bad Gateway") }
        let transport = CurlTransport(.init(proxy: proxy.url, noProxy: noProxy))
        #expect(try await transport.send(makeRequest(.post, server.url)).status == 200)
        #expect(proxy.connectionCount == 0)
        #expect(server.requests.count == 1)
    }

    @Test("a closed proxy port is unreachable; an unknown proxy name is another error")
    func noSuchProxy() async throws {
        let port = try LoopbackServer().port
        let failures = [
            ("http://127.0.0.1:\(port)", FailureKind.unreachable), ("http://\(unresolvableHost):3128", .nameNotFound),
        ]
        for (proxy, failure) in failures {
            let transport = CurlTransport(.init(proxy: proxy, noProxy: ""))
            try await expectFailure(failure, transport, makeRequest(.post, "https://\(unresolvableHost)/token"))
        }
    }

    @Test("no error contains a proxy's password")
    func password() async throws {
        let proxy = try LoopbackServer { $0.serve("407 Proxy Authentication Required") }
        let transport = CurlTransport(.init(proxy: "http://user:\(canary)@127.0.0.1:\(proxy.port)", noProxy: ""))
        try await expectFailure(.unreachable, transport, makeRequest(.post, "https://\(unresolvableHost)/token"))
        #expect(proxy.requests.first?.values("Proxy-Authorization").count == 1)
    }
}
