internal import Configuration
internal import Logging
internal import Synchronization
internal import System
internal import Vault

/// The budgets of all people, kept across restarts: an agent that is started again and again must not ask more often.
final class RenewalBook: Sendable {
    private struct State {
        var budgets: [AskedPerson: RenewalBudget] = [:]
        /// Since when it is not known what earlier agents have asked: then each person counts as asked at that time.
        var unknownSince: ContinuousClock.Instant?
        /// Whether the file differs from the budgets.
        var isChanged = false

        func budget(of person: AskedPerson) -> RenewalBudget {
            budgets[person] ?? unknownSince.map { .usedUp(at: $0) } ?? RenewalBudget()
        }
    }

    private let time: any Time
    private let logger: Logger
    private let file: RenewalFile?
    private let state: Mutex<State>
    private let disk = BlockingQueue("authagent.renewals")

    init(time: any Time, logger: Logger, file: RenewalFile?) {
        (self.time, self.logger, self.file) = (time, logger, file)
        let (now, wall) = (time.now, time.wall)
        var state = State()
        if let content = file.map({ $0.load() }) ?? RenewalFile.Content() {
            for (text, note) in content.people {
                state.budgets[AskedPerson(text: text)] = RenewalBudget(note, at: now, wall: wall)
                // A time in the future would count from each start anew.
                state.isChanged = state.isChanged || note.asked.contains { $0 > wall }
            }
            if let since = content.unknownSince {
                let unknown = RenewalBudget(RenewalNote(asked: [since]), at: now, wall: wall)
                state.unknownSince = unknown.asked.first.flatMap { now - $0 < RenewalBudget.period ? $0 : nil }
                state.isChanged = state.isChanged || since > wall
            }
        } else {
            logger.warning("the file of renewals cannot be read: the agent renews no login by itself for a day")
            (state.unknownSince, state.isChanged) = (now, true)
        }
        self.state = Mutex(state)
    }

    func budget(of person: AskedPerson) -> RenewalBudget { state.withLock { $0.budget(of: person) } }

    /// Counts a question, and notes it durably before it is sent. Throws if it must not be sent now.
    func admit(_ person: AskedPerson) async throws(LoginError) {
        let now = time.now
        let wait: Duration? = state.withLock { state in
            var budget = state.budget(of: person)
            guard let next = budget.next(at: now) else { return .zero }
            guard next <= now else { return next - now }
            budget.ask(at: now)
            state.budgets[person] = budget
            state.isChanged = true
            return nil
        }
        if let wait {
            let minutes = Int(wait.components.seconds / 60) + 1
            throw .notAsked(
                detail: wait == .zero
                    ? "an earlier question was declined or answered in vain"
                    : "there have been enough questions; the next is possible in \(minutes) min")
        }
        do throws(ConfigurationError) { try await save() } catch { throw .configuration(error) }
    }

    /// Records an attempt that ended before the question was sent.
    func failed(_ person: AskedPerson) { change(person) { $0.fail(at: time.now) } }

    /// Has the agent not ask again until a person logs in.
    func stop(_ person: AskedPerson, _ reason: RenewalStop) {
        change(person) { $0.stop(reason) }
        saveSoon()
    }

    /// A person has logged in.
    func resume(_ person: AskedPerson) {
        guard budget(of: person) != RenewalBudget() else { return }
        change(person) { $0.resume() }
        saveSoon()
    }

    private func change(_ person: AskedPerson, _ body: (inout RenewalBudget) -> Void) {
        state.withLock { state in
            var budget = state.budget(of: person)
            body(&budget)
            state.budgets[person] = budget
            state.isChanged = true
        }
    }

    private func saveSoon() {
        // Unstructured task: a disk that hangs must not hold up the end of a login. The agent's stop saves what is left.
        Task { await saveChanges() }
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
            let content = self.content()
            do throws(ConfigurationError) { try file.save(content) } catch {
                self.state.withLock { $0.isChanged = true }
                throw error
            }
        }
    }

    private func content() -> RenewalFile.Content {
        let (now, wall) = (time.now, time.wall)
        return state.withLock { state in
            state.isChanged = false
            var content = RenewalFile.Content()
            for (person, budget) in state.budgets { content.people[person.text] = budget.note(at: now, wall: wall) }
            content.unknownSince = state.unknownSince.map { wall - Int((now - $0).components.seconds) }
            return content
        }
    }
}
