import DemoIssuer
import Foundation
import TestSupport

extension Bench {
    /// Helpers as processes, and in turns with them `authagent token`, with the same bytes on standard input.
    func helpers() async throws -> Row {
        let issuer = try await Self.issuer()
        let home = try home()
        let daemon = try await home.daemon()
        defer { daemon.signal(SIGTERM) }
        try await logIn("bench", issuer, home, store: "memory")
        let file = home.accountFiles + "/bench.toml"
        let settings = try String(contentsOfFile: file, encoding: .utf8)
        try "urls = [\"https://git.example.com/\"]\n\(settings)".write(toFile: file, atomically: false, encoding: .utf8)
        guard try await home.authagent("reload").status == 0 else { throw BenchFailure("the agent refuses 'urls'") }
        let authagent = try home.program("authagent")
        func start(_ arguments: [String], _ input: String) -> (() async throws -> Load) {
            {
                try await load.spawn(
                    isQuick ? 20 : 100, [authagent] + arguments, environment: home.environment, input: input)
            }
        }
        let git = "protocol=https\nhost=git.example.com\n\n"
        let helpers = [
            (name: "git", start: start(["helper", "git", "get"], git)),
            (name: "docker", start: start(["helper", "docker", "get"], "git.example.com")),
            (name: "generic", start: start(["helper", "generic", "get"], #"{"uri":"https://git.example.com/"}"#)),
        ]
        let result = try await Interleaving.measure(
            rounds: rounds,
            [("token", start(["token", "bench"], git))] + helpers.map { ($0.name, $0.start) })
        return Row(
            name: "'authagent helper' as a process",
            checks: helpers.map {
                .atMost(
                    1.3, result.ratio(\.median, $0.name, to: "token"),
                    "median of '\($0.name)' to that of 'authagent token NAME'")
            } + [.atMost(75, result.load("git").pageFaults, "page faults of 'git'", unit: "")],
            figures: [.init("authagent token", result.load("token"))]
                + helpers.map { .init("authagent helper \($0.name)", result.load($0.name)) })
    }
}
