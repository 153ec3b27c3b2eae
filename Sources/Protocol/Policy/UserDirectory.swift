/// Which users have an entry (passwd(5)). May have to ask another machine, so it is never asked on the event loop.
public protocol UserDirectory: Sendable {
    /// What is known already; `nil` if that takes waiting.
    func isListed(_ user: UInt32) -> Bool?

    /// The same, waited for. False if the answer does not come in time.
    func lookUp(_ user: UInt32) async -> Bool
}

/// Every user has an entry.
public struct EveryUserListed: UserDirectory {
    public init() {}
    public func isListed(_ user: UInt32) -> Bool? { true }
    public func lookUp(_ user: UInt32) async -> Bool { true }
}
