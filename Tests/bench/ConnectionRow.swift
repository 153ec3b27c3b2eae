import AuthagentTestSupport
import DemoIssuer
import Foundation

extension Bench {
    /// Others hold connections open; some of them send a byte at a time.
    func connections() async throws -> Row {
        let (idle, slow) = (1_000, 100)
        let issuer = try await Self.issuer()
        let (home, daemon) = try await sealedHome()
        defer { daemon.signal(SIGTERM) }
        try await logIn("bench", issuer, home)
        let request = Self.tokenRequest("bench")
        _ = try await load.loop(.new, at: home.socket, request, seconds: seconds)
        var result = Interleaving()
        var memory: [Double] = []
        for _ in 0..<(isQuick ? 1 : 5) {
            let alone = try await load.loop(.new, at: home.socket, request, seconds: seconds)
            let before = try ProcessUse(of: daemon.pid).memory
            let idlers = try await load.hold(idle: idle, slow: 0, at: home.socket)
            // Accepted after all those before it.
            try await token("bench", home)
            memory.append(Double(try ProcessUse(of: daemon.pid).memory - before) / Double(idle))
            let slows = try await load.hold(idle: 0, slow: slow, at: home.socket)
            let crowded = try await load.loop(.new, at: home.socket, request, seconds: seconds)
            result.add(["alone": alone, "crowded": crowded])
            for holder in [idlers, slows] {
                holder.closeInput()
                _ = await holder.result()
            }
        }
        try await issuer.shutdown()
        return Row(
            name: "\(idle) open idle connections, and \(slow) slow-loris",
            checks: [
                .atMost(2, result.ratio(\.p99, "crowded", to: "alone"), "p99 of others to that when alone"),
                // The first round, because memory that was needed once is kept for the next ones.
                .atMost(8, memory.first ?? .nan, "memory per idle connection", unit: "KiB"),
            ],
            figures: [
                .init("alone", result.load("alone")), .init("with all the others", result.load("crowded")),
                .init("memory, each round", memory.map { "\(short($0)) KiB" }.joined(separator: ", ")),
            ])
    }
}
