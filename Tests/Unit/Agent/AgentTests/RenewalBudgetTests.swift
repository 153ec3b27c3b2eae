import Agent
import Configuration
import Testing

/// How often the agent asks a user on its own, without an agent.
struct RenewalBudgetTests {
    private let start = ContinuousClock.now

    private func after(_ minutes: Int) -> ContinuousClock.Instant { start + .seconds(minutes * 60) }

    /// Returns a budget whose user was asked at these minutes.
    private func asked(_ minutes: Int...) -> RenewalBudget {
        var budget = RenewalBudget()
        for minute in minutes { budget.ask(at: after(minute)) }
        return budget
    }

    @Test("the first question may be sent at once, and the next one an hour later")
    func hour() {
        #expect(RenewalBudget().next(at: start) == start)
        let budget = asked(0)
        #expect(budget.next(at: after(1)) == after(60))
        #expect(budget.next(at: after(60)) == after(60))
        #expect(budget.next(at: after(90)) == after(90))
    }

    @Test("after three questions the next one may be sent 24 hours after the first of them")
    func day() {
        let budget = asked(0, 60, 600)
        #expect(budget.next(at: after(601)) == after(1440))
        var later = budget
        later.ask(at: after(1440))
        #expect(later.next(at: after(1441)) == after(1500))
        later.ask(at: after(1500))
        #expect(later.next(at: after(1501)) == after(600 + 1440))
    }

    @Test("in any 24 hours there are three questions at most, however often it is asked for one")
    func rolling() {
        var budget = RenewalBudget()
        var questions: [Int] = []
        for minute in stride(from: 0, to: 5 * 1440, by: 7) where budget.next(at: after(minute)) == after(minute) {
            budget.ask(at: after(minute))
            questions.append(minute)
        }
        #expect(questions.count > 10)
        for (index, minute) in questions.enumerated() {
            #expect(questions[index...].prefix { $0 < minute + 1440 }.count <= 3)
            if index > 0 { #expect(minute - questions[index - 1] >= 60) }
        }
    }

    @Test("an attempt that sent no question delays the next one by an hour, and uses up nothing")
    func failed() {
        var budget = RenewalBudget()
        budget.fail(at: start)
        #expect(budget.next(at: after(1)) == after(60))
        #expect(budget.note(at: after(1), wall: 1000) == nil)
    }

    @Test("after a refusal there is no question until a person logs in; then the times still count")
    func stopped() {
        var budget = asked(0)
        budget.stop(.declined)
        budget.stop(.refused)
        #expect(budget.next(at: after(10_000)) == nil)
        #expect(budget.stopped == .declined)
        budget.resume()
        #expect(budget.next(at: after(1)) == after(60))
    }

    @Test("a restarted agent counts what the earlier one has asked, and the time in between")
    func restart() throws {
        let (wall, budget) = (1_800_000_000, asked(0, 60, 120))
        let note = try #require(budget.note(at: after(130), wall: wall))
        #expect(note == RenewalNote(asked: [wall - 7800, wall - 4200, wall - 600]))
        // Another boot, ten minutes later.
        let other = start + .seconds(1_000_000)
        let restored = RenewalBudget(note, at: other, wall: wall + 600)
        #expect(restored.next(at: other) == other + .seconds(1440 * 60 - 7800 - 600))
        #expect(RenewalBudget(note, at: other, wall: wall + 90_000).next(at: other) == other)
    }

    @Test("a time in the future, of a clock that was wrong, counts from the start on")
    func wrongClock() {
        let note = RenewalNote(asked: [2_000_000_000])
        let restored = RenewalBudget(note, at: start, wall: 1_800_000_000)
        #expect(restored.next(at: start) == after(60))
        #expect(restored.note(at: after(5), wall: 1_800_000_300)?.asked == [1_800_000_000])
    }

    @Test("questions of more than a day ago are not noted, and a refusal always is")
    func old() {
        var budget = asked(0)
        #expect(budget.note(at: after(1441), wall: 0) == nil)
        budget.stop(.otherPerson)
        #expect(budget.note(at: after(1441), wall: 0) == RenewalNote(asked: [], stopped: .otherPerson))
    }
}
