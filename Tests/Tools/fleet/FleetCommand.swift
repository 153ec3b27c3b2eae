import ArgumentParser

/// Simulates a fleet of agents; a broken promise ends it with status 1.
@main
struct FleetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Runs the schedule of many agents against one provider, in virtual time.",
        discussion: "The same seed gives the same figures. With few agents the peak is chance, and says little."
    )

    @Option(help: "How many agents.")
    var agents = 100_000

    @Option(help: "Where the random numbers start.")
    var seed: UInt64 = 8628

    @Option(help: "Lifetime of access tokens, in seconds.")
    var lifetime = 3600

    @Option(help: "Requests per second that the provider answers: one for each 250 agents by default.")
    var limit: Int?

    @Option(help: "Seconds in the Retry-After of a 429; without it there is none.")
    var retryAfter: Int?

    @Option(help: "Run only what begins with this.")
    var only = ""

    func run() throws {
        let parameters = Fleet.Parameters(
            agents: max(agents, 1), seed: seed, lifetime: max(lifetime, 1), limit: limit ?? max(agents / 250, 1),
            retryAfter: retryAfter)
        let rows = try Scenario.all.filter { $0.name.hasPrefix(only) }.flatMap { try $0.run(parameters) }
        print(Row.table(rows))
        let violations = rows.flatMap(\.violations)
        for violation in violations { print(violation) }
        if !violations.isEmpty { throw ExitCode.failure }
    }
}
