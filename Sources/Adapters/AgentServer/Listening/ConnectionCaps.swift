internal import NIOCore

/// How many connections each may hold, of the descriptors there are.
///
/// A connection takes two: its own and that of the process at its other end. All callers who are neither the agent's own
/// user nor root get three eighths of the descriptors, the agent's own user a quarter and root an eighth. A quarter is
/// left for what the agent does itself, and for the connections that are being told why they are refused.
package struct ConnectionCaps: Equatable, Sendable {
    /// Of each user, subordinate ones (subuid(5)) with their owner.
    package var perUser: Int
    /// Of root, where the agent runs as another user.
    package var root: Int
    /// Of all users together but the agent's own and root.
    package var others: Int
    /// That are being told why they are refused, of all users together.
    package var refused: Int

    package init(descriptors: Int, _ limits: ServerLimits) {
        perUser = min(limits.connectionsPerUser, max(8, descriptors / 4 / Self.each))
        root = min(limits.connectionsPerUser, max(8, descriptors / 8 / Self.each))
        others = min(limits.connectionsOfOthers, max(8, descriptors * 3 / 8 / Self.each))
        refused = max(8, min(32, descriptors / 16 / Self.each), descriptors / 32 / Self.each)
    }

    private static let each = 2

    package enum Cap: String, Sendable {
        case user = "one user"
        case others = "all users but the agent's own and root"
    }
}

/// Says that a cap is met, once in a while: it is met again with each connection.
struct CapNotices: Sendable {
    private var last: [ConnectionCaps.Cap: NIODeadline] = [:]
    private static let pause = TimeAmount.minutes(1)

    mutating func isDue(_ cap: ConnectionCaps.Cap, at now: NIODeadline) -> Bool {
        if let last = last[cap], now - last < Self.pause { return false }
        last[cap] = now
        return true
    }
}
