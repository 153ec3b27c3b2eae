internal import NIOCore

/// How many connections of each user are being told why they are refused. Past a few, they are closed without a word:
/// else somebody who may not connect at all could have the agent busy with him, and hold every descriptor there is.
struct RefusedConnections: Sendable {
    private struct User {
        var pending = 0
        /// Of those that are told, in a second: whoever hangs up at once is never pending.
        var second: NIODeadline
        var told = 0
    }

    private let limits: ServerLimits
    /// Of all users together: each takes descriptors.
    private let most: Int
    private var pending = 0
    private var users: [UInt32: User] = [:]

    init(_ limits: ServerLimits, inAll most: Int) {
        self.limits = limits
        self.most = most
    }

    /// Whether there is nobody who could be one too many.
    var isEmpty: Bool { users.isEmpty }

    func hasTooMany(_ user: UInt32, at now: NIODeadline) -> Bool {
        guard let found = users[user] else { return false }
        return found.pending >= limits.refusalsAtOnce
            || (now - found.second < Self.second && found.told >= limits.refusalsPerSecond)
    }

    /// Whether there is room to tell this one.
    mutating func admit(_ user: UInt32, at now: NIODeadline) -> Bool {
        guard pending < most, !hasTooMany(user, at: now) else { return false }
        if users[user] == nil, users.count >= Self.capacity {
            users = users.filter { $0.value.pending > 0 || now - $0.value.second < Self.second }
            guard users.count < Self.capacity else { return false }
        }
        var found = users[user] ?? User(second: now)
        if now - found.second >= Self.second { (found.second, found.told) = (now, 0) }
        found.told += 1
        found.pending += 1
        pending += 1
        users[user] = found
        return true
    }

    mutating func ended(_ user: UInt32, at now: NIODeadline) {
        guard var found = users[user] else { return }
        found.pending -= 1
        pending -= 1
        users[user] = found.pending == 0 && now - found.second >= Self.second ? nil : found
    }

    private static let second = TimeAmount.seconds(1)
    /// Of subordinate user IDs (subuid(5)) the owner counts, so these are people.
    private static let capacity = 64
}
