import DemoIssuer
import Foundation
import Synchronization
import TestSupport

extension Bench {
    /// Measures account B while account A waits for its provider.
    func slowProvider() async throws -> Row {
        let issuer = try await Self.issuer()
        let (home, daemon) = try await sealedHome()
        defer { daemon.signal(SIGTERM) }
        for account in ["a", "b"] {
            try await logIn(account, issuer, home)
            try await token(account, home)
        }
        let request = Self.tokenRequest("b")
        let delay = isQuick ? 1.0 : 4.0
        issuer.always(.token, .wait { try? await Task.sleep(for: .seconds(delay)) })
        var slowest: [Double] = []
        var result = Interleaving()
        for round in 0..<(isQuick ? 1 : 5) {
            // A new target requires a refresh.
            let query = "?resource=https://example.com/\(round)"
            let idle = try await load.loop(.new, at: home.socket, request, seconds: delay / 2)
            async let waiting = load.burst(1, at: home.socket, Self.tokenRequest("a", query: query))
            let before = issuer.refreshCount
            while issuer.refreshCount == before { try await Task.sleep(for: .milliseconds(2)) }
            let busy = try await load.loop(.new, at: home.socket, request, seconds: delay / 2)
            result.add(["idle": idle, "busy": busy])
            slowest.append(try await waiting.max / 1_000_000)
        }
        try await issuer.shutdown()
        guard let least = slowest.min(), least >= delay else {
            throw BenchFailure("the provider was not slow: \(slowest)")
        }
        return Row(
            name: "account A refreshing at a provider that takes \(short(delay)) s",
            checks: [.atMost(2, result.ratio(\.p99, "busy", to: "idle"), "account B's p99 to that when idle")],
            figures: [
                .init("B, idle", result.load("idle")), .init("B, while A refreshes", result.load("busy")),
                .init("A's own request", "\(short(slowest.median)) s"),
            ])
    }

    /// Measures many clients at the moment when the token has expired.
    func burstAtExpiry() async throws -> Row {
        let clients = 500
        // A token that lives no longer than the requested validity is refreshed after half its lifetime.
        let issuer = try await Self.issuer { $0.firstAccessTokenLifetime = 1 }
        let (home, daemon) = try await sealedHome()
        defer { daemon.signal(SIGTERM) }
        var extra: [Double] = []
        var refreshes: [Int] = []
        var latencies: [Double] = []
        for round in 0..<(isQuick ? 1 : 5) {
            issuer.always(.token, nil)
            try await logIn("burst-\(round)", issuer, home)
            try await Task.sleep(for: .milliseconds(1100))
            let latency = Mutex<Double>(0)
            issuer.always(
                .token,
                .wait {
                    let begin = ContinuousClock.now
                    try? await Task.sleep(for: .milliseconds(500))
                    latency.withLock { $0 = (ContinuousClock.now - begin) / .milliseconds(1) }
                })
            let before = issuer.refreshCount
            let burst = try await load.burst(clients, at: home.socket, Self.tokenRequest("burst-\(round)"))
            refreshes.append(issuer.refreshCount - before)
            latencies.append(latency.withLock { $0 })
            extra.append(burst.max / 1000 - latency.withLock { $0 })
        }
        try await issuer.shutdown()
        return Row(
            name: "\(clients) concurrent requests at expiry",
            checks: [
                .atMost(1, Double(refreshes.max() ?? 0), "refreshes upstream", unit: ""),
                .atMost(50, extra.median, "last answer after the provider's latency", unit: "ms"),
            ],
            figures: [
                .init("provider's latency", "\(short(latencies.median)) ms"),
                .init("last answer, each round", extra.map { "+\(short($0)) ms" }.joined(separator: ", ")),
            ])
    }

    /// Measures from the successful poll to the end of `authagent login`.
    func login() async throws -> Row {
        let keyring = try await PrivateKeyring()
        let issuer = try await Self.issuer { $0.approvesAlone = false }
        let polled = Mutex<ContinuousClock.Instant?>(nil)
        issuer.always(.token, .wait { polled.withLock { $0 = .now } })
        let (sealed, daemon) = try await sealedHome()
        defer { daemon.signal(SIGTERM) }
        let withKeyring = try home(keyring: keyring)
        let second = try await withKeyring.daemon()
        defer { second.signal(SIGTERM) }
        var times: [String: [Double]] = [:]
        for round in 0..<(isQuick ? 1 : 7) {
            for (store, home) in [("keyring", withKeyring), ("sealed", sealed)] {
                let login = try await home.login(
                    "login-\(round)",
                    ["--issuer", issuer.issuer, "--client-id", "demo", "--scope", "profile", "--store", store]
                ) { issuer.approve($0) }
                let end = ContinuousClock.now
                guard login.status == 0, let poll = polled.withLock({ $0 }) else {
                    throw BenchFailure("login: \(login.errors)")
                }
                times[store, default: []].append((end - poll) / .milliseconds(1))
            }
        }
        try await issuer.shutdown()
        return Row(
            name: "login",
            checks: [
                .atMost(100, (times["sealed"] ?? []).median, "poll to the end of the login, sealed store", unit: "ms"),
                .atMost(100, (times["keyring"] ?? []).median, "poll to the end of the login, keyring", unit: "ms"),
            ],
            figures: times.sorted { $0.key < $1.key }.map { store, times in
                .init("each login, \(store)", times.map { "\(short($0)) ms" }.joined(separator: ", "))
            })
    }
}
