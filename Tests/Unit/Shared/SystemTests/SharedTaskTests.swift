import Synchronization
import System
import Testing

/// Calls that share one run.
struct SharedTaskTests {
    /// Counts its runs, each of which waits for `gate`.
    private final class Work: Sendable {
        let state = Mutex((task: SharedTask<Int>(), runs: 0))
        let (gate, opened) = AsyncStream.makeStream(of: Void.self)

        func join() -> Task<Int, Never> {
            state.withLock { state in
                state.task.join {
                    for await _ in self.gate { break }
                    return self.state.withLock { state in
                        state.task.end()
                        state.runs += 1
                        return state.runs
                    }
                }
            }
        }
    }

    @Test("callers during a run share its result, and the next one starts another", .timeLimit(.minutes(1)))
    func sharing() async {
        let work = Work()
        let (first, second) = (work.join(), work.join())
        work.opened.yield()
        #expect(await [first.value, second.value] == [1, 1])
        #expect(work.state.withLock { $0.task.running == nil })
        let third = work.join()
        work.opened.yield()
        #expect(await third.value == 2)
    }
}
