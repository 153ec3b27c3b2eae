internal import AgentAPI
internal import Configuration
internal import Logging
internal import Synchronization
internal import System
internal import Vault

/// Runs the owner's programs for what happens. Noting it takes a lock and a slot in a queue: no request waits.
final class Hooks: Sendable {
    private let parts: HookParts
    private let time: any Time
    private let logger: Logger
    private let queue = Mutex(HookQueue())
    private let wake = Schedule()
    private let confirmations: ConfirmationRunners

    /// Enough for a mail server that answers slowly.
    static let limit: Duration = .seconds(30)

    init(_ parts: HookParts, time: any Time, logger: Logger) {
        (self.parts, self.time, self.logger) = (parts, time, logger)
        confirmations = ConfirmationRunners(parts.confirmations)
    }

    func note(_ event: AgentEvent) { if let facts = HookFacts(event) { add(facts) } }

    func note(_ prompt: LoginPrompt, of account: AccountName) { add(HookFacts(prompt, of: account, at: time.wall)) }

    private func add(_ facts: HookFacts) {
        guard parts.programs[facts.occasion] != nil else { return }
        queue.withLock { $0.add(facts) }
        wake.changed()
    }

    /// Runs hooks, one after the other, until it is cancelled. `isUsed`: whether an account uses the store.
    func run(where isUsed: @Sendable (String) -> Bool) async {
        for await _ in wake.stream {
            while !Task.isCancelled, let facts = queue.withLock({ $0.next() }) {
                // A machine without a keyring has no problem with it.
                if let store = facts.store, !isUsed(store) { continue }
                await run(facts)
            }
            let dropped = queue.withLock { $0.takeDropped() }
            if dropped > 0 { logger.warning("hooks are too slow", metadata: ["dropped": "\(dropped)"]) }
        }
    }

    private func run(_ facts: HookFacts) async {
        guard let program = parts.programs[facts.occasion] else { return }
        let result = await parts.runner.run(program, input: Self.input(facts), within: Self.limit)
        log(result, of: facts)
    }

    /// Asks the owner's program. Exit code 0 means yes, 1 no, and any other leaves it open: `nil`.
    func confirm(_ approval: Approval) async -> Bool? {
        guard let program = parts.programs[.confirm] else { return nil }
        let isOwn = approval.user == parts.owner || approval.user == 0
        let facts = HookFacts(approval)
        let result = await confirmations.with(isOwn ? nil : approval.user) { runner in
            // As long as the caller waits, which ends the program earlier.
            await runner.run(program, input: Self.input(facts), within: Limits.answerTime)
        }
        guard let result else { return nil }
        switch result.end {
        case .exited(0): return true
        case .exited(1): return false
        case .cancelled: return nil
        case .exited, .signalled, .timedOut, .notStarted:
            log(result, of: facts)
            return nil
        }
    }

    private static func input(_ facts: HookFacts) -> [UInt8] {
        APIJSON.encode(fixed: facts) + [UInt8(ascii: "\n")]
    }

    private func log(_ result: ProgramResult, of facts: HookFacts) {
        var metadata: Logger.Metadata = ["hook": "\(facts.occasion.rawValue)"]
        if let account = facts.account { metadata["account"] = "\(account)" }
        for line in result.output {
            // A hook that prints its input must not bring the login's state into the log.
            let isAddress = facts.authorizationURI.map { line.contains($0.prefix { $0 != "?" }) } ?? false
            let line = isAddress ? "(a line with the login's address is not logged)" : line
            logger.info("hook printed", metadata: metadata.merging(["line": "\(line)"]) { $1 })
        }
        guard let problem = result.problem, result.end != .cancelled else { return }
        metadata["problem"] = "\(problem)"
        if case .notStarted(let fault) = result.end { metadata["hint"] = "\(fault.hint)" }
        logger.warning("hook failed", metadata: metadata)
    }
}
