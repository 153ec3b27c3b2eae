import Foundation
import TestSupport

extension Bench {
    /// The rows with oidc-agent as the peer: one Glewlwyd, with an account in both agents.
    func cachedRows(_ wanted: (String) -> Bool) async throws -> [Row] {
        let names = ["new", "kept", "process"].filter(wanted)
        guard !names.isEmpty else { return [] }
        let glewlwyd = try await Glewlwyd.start()
        let peer = try await OIDCAgent.start(glewlwyd)
        let home = try home()
        let daemon = try await home.daemon()
        defer { daemon.signal(SIGTERM) }
        let secret = try home.files.file("secret", "s3cret")
        let login = try await home.login(
            "bench",
            ["--issuer", glewlwyd.issuer, "--client-id", "server", "--client-secret-file", secret, "--store", "memory"]
                + Glewlwyd.scopeOptions
        ) { try await glewlwyd.approve($0, client: "server") }
        guard login.status == 0 else { throw BenchFailure("login: \(login.errors)") }
        let reply = try await home.rawReply(Self.tokenRequest("bench"))
        let echo = try await EchoServer(bin + "/bench-echo", reply: reply)
        let pinning = try await EchoServer(bin + "/bench-echo", ["--peer"], reply: reply)
        var rows: [Row] = []
        for name in names {
            switch name {
            case "new": rows.append(try await newConnections(home, peer, echo, pinning))
            case "kept": rows.append(try await keptConnection(home, echo))
            default: rows.append(try await processes(home, peer))
            }
        }
        return rows
    }

    private func newConnections(
        _ home: AgentHome, _ peer: OIDCAgent, _ echo: EchoServer, _ pinning: EchoServer
    ) async throws -> Row {
        let request = Self.tokenRequest("bench")
        let result = try await Interleaving.measure(
            rounds: rounds,
            [
                ("ours", { try await load.loop(.new, at: home.socket, request, seconds: seconds) }),
                (
                    "oidc-agent",
                    { try await load.loop(.new, at: peer.socket, OIDCAgent.request, as: .json, seconds: seconds) }
                ),
                ("pinning", { try await load.loop(.new, at: pinning.socket, request, seconds: seconds) }),
                ("echo", { try await load.loop(.new, at: echo.socket, request, seconds: seconds) }),
            ])
        return Row(
            name: "cached token, new connection each time",
            checks: [
                .atLeast(
                    1.5, result.ratio(\.perSecond, "ours", to: "oidc-agent"), "requests per second to oidc-agent's"),
                .atMost(1, result.ratio(\.p99, "ours", to: "oidc-agent"), "p99 to oidc-agent's"),
                .atLeast(
                    0.85, result.ratio(\.perSecond, "ours", to: "pinning"),
                    "requests per second to those of a loop in C that pins its peer"),
            ],
            figures: [
                .init("authagentd", result.load("ours")), .init("oidc-agent", result.load("oidc-agent")),
                .init("loop in C that pins its peer", result.load("pinning")),
                .init("raw echo server", result.load("echo")),
            ])
    }

    private func keptConnection(_ home: AgentHome, _ echo: EchoServer) async throws -> Row {
        let request = Self.tokenRequest("bench")
        let result = try await Interleaving.measure(
            rounds: rounds,
            [
                ("ours", { try await load.loop(.kept, at: home.socket, request, seconds: seconds) }),
                ("echo", { try await load.loop(.kept, at: echo.socket, request, seconds: seconds) }),
            ])
        return Row(
            name: "cached token, kept connection",
            checks: [
                .atLeast(0.9, result.ratio(\.perSecond, "ours", to: "echo"), "requests per second to the echo server's")
            ],
            figures: [.init("authagentd", result.load("ours")), .init("raw echo server", result.load("echo"))])
    }

    private func processes(_ home: AgentHome, _ peer: OIDCAgent) async throws -> Row {
        let count = isQuick ? 20 : 100
        let oidcToken = try MissingProgram.require("oidc-token", package: "oidc-agent-cli")
        let authagent = try home.program("authagent")
        let result = try await Interleaving.measure(
            rounds: rounds,
            [
                (
                    "ours",
                    { try await load.spawn(count, [authagent, "token", "bench"], environment: home.environment) }
                ),
                (
                    "oidc-token",
                    {
                        try await load.spawn(count, [oidcToken, OIDCAgent.account], environment: peer.environment)
                    }
                ),
                ("true", { try await load.spawn(count, ["/bin/true"], environment: home.environment) }),
            ])
        return Row(
            name: "'authagent token NAME' as a process",
            checks: [
                .atMost(0.8, result.ratio(\.median, "ours", to: "oidc-token"), "median to that of 'oidc-token NAME'"),
                .atMost(1.6, result.ratio(\.median, "ours", to: "true"), "median to that of '/bin/true'"),
                .atMost(75, result.load("ours").pageFaults, "page faults", unit: ""),
            ],
            figures: [
                .init("authagent token", result.load("ours")), .init("oidc-token", result.load("oidc-token")),
                .init("/bin/true", result.load("true")),
            ])
    }
}
