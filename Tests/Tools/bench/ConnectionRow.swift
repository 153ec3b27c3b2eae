import DemoIssuer
import Foundation
import TestSupport

extension Bench {
    /// Measures tokens while other clients hold connections open; some of them send byte by byte.
    func connections() async throws -> Row {
        let (idle, slow) = (1_000, 100)
        let issuer = try await Self.issuer()
        let (home, daemon) = try await sealedHome()
        defer { daemon.signal(SIGTERM) }
        try await logIn("bench", issuer, home)
        let request = Self.tokenRequest("bench")
        _ = try await load.loop(.new, at: home.socket, request, seconds: seconds)
        var result = Interleaving()
        let silent = try await memory(idle, haveAsked: false, issuer)
        let asked = try await memory(idle, haveAsked: true, issuer)
        for _ in 0..<(isQuick ? 1 : 5) {
            let alone = try await load.loop(.new, at: home.socket, request, seconds: seconds)
            let idlers = try await load.hold(idle: idle, slow: 0, at: home.socket)
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
                .atMost(8, silent, "memory per idle connection that has asked nothing", unit: "KiB"),
                .atMost(8, asked, "memory per idle connection that has asked by HTTP", unit: "KiB"),
            ],
            figures: [
                .init("alone", result.load("alone")), .init("with all the others", result.load("crowded")),
            ])
    }

    /// The memory per connection, in KiB. Measured in a fresh agent, because freed memory is reused.
    private func memory(_ count: Int, haveAsked: Bool, _ issuer: DemoIssuer) async throws -> Double {
        let (home, daemon) = try await sealedHome()
        defer { daemon.signal(SIGTERM) }
        try await logIn("bench", issuer, home)
        _ = try await load.loop(.new, at: home.socket, Self.tokenRequest("bench"), seconds: seconds)
        let before = try ProcessUse(of: daemon.pid).memory
        let holder = try await load.hold(idle: count, haveAsked: haveAsked, slow: 0, at: home.socket)
        // Accepted after all connections before it.
        try await token("bench", home)
        // Those that have asked by HTTP return to the lane after a second, and the memory to the system.
        if haveAsked { try await Task.sleep(for: .seconds(3)) }
        let added = try ProcessUse(of: daemon.pid).memory - before
        holder.closeInput()
        _ = await holder.result()
        return Double(added) / Double(count)
    }
}
