/// A directory of users with an entry (passwd(5)). It may query another machine, so never on the event loop.
public protocol UserDirectory: Sendable {
    /// Returns the cached answer; `nil` if that takes waiting.
    func isListed(_ user: UInt32) -> Bool?

    /// Looks the user up and waits. False if the answer does not arrive in time.
    func lookUp(_ user: UInt32) async -> Bool
}

/// A directory in which every user has an entry.
public struct EveryUserListed: UserDirectory {
    public init() {}
    public func isListed(_ user: UInt32) -> Bool? { true }
    public func lookUp(_ user: UInt32) async -> Bool { true }
}
