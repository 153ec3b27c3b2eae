import Foundation
import TestSupport

extension Trial {
    /// Kills the agent at this call of a refresh, starts it again, asks for a token, and does both once more.
    func run(killingAt point: KillPoint) async throws -> Cell {
        // Without it the matrix would not see what becomes of it.
        guard let before = try await storedToken() else { throw TrialFailure("the store has no login to begin with") }
        let earlier = (spent: provider.spent?.count ?? 0, issued: provider.issued ?? [])
        let (calls, isServed) = try await refresh(killingAt: point)
        let remains = Remains(
            journal: journal, stored: try await storedToken(),
            hasSpent: provider.spent.map { $0.count > earlier.spent }
        )
        let first = try await askForToken()
        let replays = provider.spent?.dropFirst(earlier.spent).filter { $0 == before }.count
        await home.killDaemon()
        let second = try await askForToken()
        let cell = Cell(
            point: point, policy: policy, calls: calls, isServed: isServed, before: before, remains: remains,
            first: first, second: second,
            spendings: replays, laterSpendings: provider.spent?.dropFirst(earlier.spent).filter { $0 == before }.count,
            issued: provider.issued?.subtracting(earlier.issued)
        )
        try await stopAgent()
        if second != .recovered { try await logIn() }
        return cell
    }

    /// Has an agent refresh, until it is killed at the call or everything is done, and says whether its client got a token.
    func refresh(killingAt point: KillPoint) async throws -> (calls: SystemCalls, isServed: Bool) {
        let record = home.files.path + "/calls"
        let agent = try ChildProcess(
            try BuildProducts.path("kill-at-syscall"), [record, "\(point)", try BuildProducts.path("authagentd")],
            environment: home.environment, input: nil
        )
        try await wait(for: "the start of the agent") { agent.errorsSoFar.contains("serving") || !agent.isRunning }
        // The store is read now, so that what is counted is the refresh.
        let status = try await get("/v1/accounts").result()
        guard status.output.contains(#""\#(Self.account)""#) else {
            throw TrialFailure("the agent has no account: \(status.output)\(status.errors)\(agent.errorsSoFar)")
        }
        agent.signal(SIGUSR1)
        try await wait(for: "the count of calls") { agent.outputSoFar.contains("armed") || !agent.isRunning }
        let request = try get("/v1/accounts/\(Self.account)/token")
        try await wait(for: "the end of the refresh: \(agent.errorsSoFar)") {
            !agent.isRunning || !request.isRunning && journal.isEmpty
        }
        await home.killDaemon()
        _ = await agent.result()
        let answer = await request.result()
        return (try SystemCalls(record: record), answer.output.contains(#""access_token""#))
    }
}
