internal import AgentAPI
internal import Synchronization

/// A guard that runs one call at a time and refuses concurrent ones.
///
/// For passphrases from callers other than the owner and root: their guesses must not fill the queue in which the
/// owner's passphrase waits.
final class ExclusiveCall: Sendable {
    private let isTaken = Atomic(false)

    func run<Value: Sendable>(_ body: () async throws(Problem) -> Value) async throws(Problem) -> Value {
        guard isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw Problem(
                .tooManyRequests, "another passphrase is being checked", hint: "try again in a minute")
        }
        defer { isTaken.store(false, ordering: .releasing) }
        return try await body()
    }
}
