/// The process at the other end of one connection: what the kernel said when it connected, and what can be found out
/// about it since.
public protocol CallerIdentity: Sendable {
    /// Process, user and primary group, as they were when it connected.
    var connected: Caller { get }

    /// The caller with these facts. Nil if that takes waiting.
    func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller?

    /// The same, waited for.
    func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller
}

/// The process that connected has ended, or has become another program: whoever holds its socket now is not known.
public struct CallerLost: Error, Equatable, Sendable {
    /// Goes on after "the program that connected".
    public var what: String

    public init(_ what: String) { self.what = what }

    public static let ended = CallerLost("has ended")
    public static let changed = CallerLost("has become another program")
}

/// A caller of whom no more is to be found out than is known already.
public struct KnownCaller: CallerIdentity, Equatable {
    public let connected: Caller

    public init(_ caller: Caller) { connected = caller }

    public func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller? { connected }
    public func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller { connected }
}
