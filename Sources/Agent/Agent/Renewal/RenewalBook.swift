internal import AgentAPI
internal import Configuration
internal import Logging
internal import Synchronization
internal import System
internal import Vault

/// The budgets of all accounts, kept across restarts: an agent that is started again and again must not ask more often.
final class RenewalBook: Sendable {
    private struct State {
        var budgets: [AccountName: RenewalBudget] = [:]
        /// Whether the file could not be read, so that each account counts as asked when the agent started.
        var isUnknown = false
        /// Whether the file differs from the budgets.
        var isChanged = false
    }

    private let time: any Time
    private let logger: Logger
    private let file: RenewalFile?
    private let state: Mutex<State>
    private let start: ContinuousClock.Instant
    private let disk = BlockingQueue("authagent.renewals")

    init(time: any Time, logger: Logger, file: RenewalFile?) {
        (self.time, self.logger, self.file) = (time, logger, file)
        start = time.now
        var state = State()
        if let notes = file.map({ $0.load() }) ?? [:] {
            for (name, note) in notes {
                guard let name = AccountName(name) else { continue }
                state.budgets[name] = RenewalBudget(note, at: start, wall: time.wall)
                // A time in the future would count from each start anew.
                state.isChanged = state.isChanged || note.asked.contains { $0 > time.wall }
            }
        } else {
            logger.warning("the file of renewals cannot be read: the agent renews no login for a day")
            (state.isUnknown, state.isChanged) = (true, true)
        }
        self.state = Mutex(state)
    }

    func budget(of name: AccountName) -> RenewalBudget { state.withLock { budget(of: name, $0) } }

    private func budget(of name: AccountName, _ state: State) -> RenewalBudget {
        state.budgets[name] ?? (state.isUnknown ? .usedUp(at: start) : RenewalBudget())
    }

    /// Counts a question, and notes it durably before it is sent. Throws if it must not be sent now.
    func admit(_ name: AccountName) async throws(LoginError) {
        let now = time.now
        let isAllowed = state.withLock { state in
            var budget = budget(of: name, state)
            guard let next = budget.next(at: now), next <= now else { return false }
            budget.ask(at: now)
            state.budgets[name] = budget
            state.isChanged = true
            return true
        }
        guard isAllowed else { throw .renewalWithheld(detail: "the user has been asked often enough") }
        do throws(ConfigurationError) { try await save() } catch { throw .configuration(error) }
    }

    /// Records an attempt that ended before the question was sent.
    func failed(_ name: AccountName) { change(name) { $0.fail(at: time.now) } }

    /// Has the agent not ask again until a person logs in.
    func stop(_ name: AccountName, _ reason: RenewalStop) async {
        change(name) { $0.stop(reason) }
        await saveChanges()
    }

    /// A person has logged in.
    func resume(_ name: AccountName) async {
        guard budget(of: name) != RenewalBudget() else { return }
        change(name) { $0.resume() }
        await saveChanges()
    }

    private func change(_ name: AccountName, _ body: (inout RenewalBudget) -> Void) {
        state.withLock { state in
            var budget = budget(of: name, state)
            body(&budget)
            state.budgets[name] = budget
            state.isChanged = true
        }
    }

    /// Writes the file if it differs from the budgets.
    func saveChanges() async {
        guard state.withLock({ $0.isChanged }) else { return }
        do throws(ConfigurationError) { try await save() } catch {
            // Questions are not sent without a note of them.
            logger.warning("cannot note when users were asked", metadata: ["problem": "\(error)"])
        }
    }

    private func save() async throws(ConfigurationError) {
        guard let file else { return }
        try await disk.run { () throws(ConfigurationError) in
            // Collected here: of two writers, the later one has the newer notes.
            let (now, wall) = (self.time.now, self.time.wall)
            let notes = self.state.withLock { state in
                state.isChanged = false
                return state.budgets.compactMap { name, budget in
                    budget.note(at: now, wall: wall).map { (name.description, $0) }
                }
            }
            do throws(ConfigurationError) {
                try file.save(Dictionary(notes, uniquingKeysWith: { first, _ in first }))
            } catch {
                self.state.withLock { $0.isChanged = true }
                throw error
            }
        }
    }
}
