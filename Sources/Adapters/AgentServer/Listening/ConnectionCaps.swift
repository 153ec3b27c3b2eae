internal import NIOCore

/// The limits on connections, derived from the number of descriptors.
///
/// A connection takes two descriptors: its socket and the pidfd of its peer. All users except the owner and root share
/// three eighths of the descriptors, the owner gets a quarter and root an eighth. A quarter is left for the agent and
/// for refused connections that are getting their reply.
package struct ConnectionCaps: Equatable, Sendable {
    /// For each user, together with its subordinate ones (subuid(5)).
    package var perUser: Int
    /// For root, if the agent runs as another user.
    package var root: Int
    /// For all users together except the owner and root.
    package var others: Int
    /// Refused connections that are getting their reply, for all users together.
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

/// The rate limit of warnings about caps: one a minute for each cap, which each further connection reaches again.
struct CapNotices: Sendable {
    private var last: [ConnectionCaps.Cap: NIODeadline] = [:]
    private static let pause = TimeAmount.minutes(1)

    mutating func isDue(_ cap: ConnectionCaps.Cap, at now: NIODeadline) -> Bool {
        if let last = last[cap], now - last < Self.pause { return false }
        last[cap] = now
        return true
    }
}
