internal import AgentAPI
internal import Synchronization

/// Lets one caller do something at a time and refuses the others.
///
/// For the passphrases of callers who are not the agent's own user or root: guesses would else take every place in which
/// the owner's passphrase could wait.
final class OneAtATime: Sendable {
    private let isTaken = Atomic(false)

    func run<Value: Sendable>(_ body: () async throws(Problem) -> Value) async throws(Problem) -> Value {
        guard isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw Problem(
                .tooManyRequests, "another passphrase is being checked", hint: "try again when that is over")
        }
        defer { isTaken.store(false, ordering: .releasing) }
        return try await body()
    }
}
