internal import AgentAPI
internal import Synchronization

/// Which accounts' requests wait for tokens of which others.
///
/// Files that would make a token from itself are refused, but requests that began before and after a reload, or a
/// login, may form a circle together, in which each waits for the next.
final class SourceWaits: Sendable {
    /// How many requests of an account wait for each source: a login's beside a renewal's.
    private let waits = Mutex<[AccountName: [AccountName: Int]]>([:])

    /// Records that `account` waits for `source`. Returns false, and records nothing, if the wait might never end.
    func begin(of account: AccountName, for source: AccountName) -> Bool {
        waits.withLock { waits in
            var seen: Set<AccountName> = []
            var pending = [source]
            while let next = pending.popLast() {
                guard next != account else { return false }
                if seen.insert(next).inserted, let others = waits[next] { pending += others.keys }
            }
            waits[account, default: [:]][source, default: 0] += 1
            return true
        }
    }

    func end(of account: AccountName, for source: AccountName) {
        waits.withLock { waits in
            guard let count = waits[account]?[source] else { return }
            waits[account]?[source] = count > 1 ? count - 1 : nil
            if waits[account]?.isEmpty == true { waits[account] = nil }
        }
    }
}
