internal import NIOCore

/// The number of refused connections that each user has. Over the limit they are closed without a reply: otherwise a
/// user without access could keep the agent busy and hold all its descriptors.
struct RefusedConnections: Sendable {
    private struct User {
        var pending = 0
        /// The start of the second in which `told` counts replies: a client that closes at once is never pending.
        var second: NIODeadline
        var told = 0
    }

    private let limits: ServerLimits
    /// The limit for all users together: each connection takes descriptors.
    private let most: Int
    private var pending = 0
    private var users: [UInt32: User] = [:]

    init(_ limits: ServerLimits, inAll most: Int) {
        self.limits = limits
        self.most = most
    }

    /// Whether no user has refused connections, so that none can be over the limit.
    var isEmpty: Bool { users.isEmpty }

    func hasTooMany(_ user: UInt32, at now: NIODeadline) -> Bool {
        guard let found = users[user] else { return false }
        return found.pending >= limits.refusalsAtOnce
            || (now - found.second < Self.second && found.told >= limits.refusalsPerSecond)
    }

    /// Counts a refused connection, and returns whether it may get a reply.
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
    /// Enough, because subordinate users (subuid(5)) count as their owner.
    private static let capacity = 64
}
