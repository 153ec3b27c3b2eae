import DemoIssuer
import Foundation
import TestSupport

extension Bench {
    /// Measures an agent with ten accounts, each with a token, and no requests.
    func idle() async throws -> Row {
        let accounts = 10
        let time = isQuick ? 5.0 : 120.0
        let issuer = try await Self.issuer()
        let (home, first) = try await sealedHome()
        for number in 0..<accounts { try await logIn("account-\(number)", issuer, home) }
        first.signal(SIGTERM)
        _ = await first.result()
        let daemon = try await home.daemon()
        defer { daemon.signal(SIGTERM) }
        for number in 0..<accounts { try await token("account-\(number)", home) }
        // The work left from the last request.
        try await Task.sleep(for: .seconds(isQuick ? 1 : 5))
        let before = try ProcessUse(of: daemon.pid)
        try await Task.sleep(for: .seconds(time))
        let after = try ProcessUse(of: daemon.pid)
        try await issuer.shutdown()
        return Row(
            name: "idle daemon with \(accounts) accounts",
            checks: [
                .atMost(6, Double(after.memory) / 1024, "private memory (RssAnon)", unit: "MiB"),
                .atMost(2, Double(after.wakeUps(since: before)) * 60 / time, "wake-ups a minute", unit: ""),
                .atMost(0, Double(after.ticks - before.ticks), "clock ticks that its threads ran", unit: ""),
            ],
            figures: [
                .init("threads", "\(after.wakeUps.count)"), .init("measured for", "\(short(time)) s"),
            ])
    }
}
