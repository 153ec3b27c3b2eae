/// The process at the other end of a connection: as the kernel reported it when it connected, and what can be
/// determined since.
public protocol CallerIdentity: Sendable {
    /// Process, user and primary group when the connection was made.
    var connected: Caller { get }

    /// Returns the caller with these facts; `nil` if that takes waiting.
    func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller?

    /// Returns the caller with these facts, and waits for them.
    func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller

    /// Returns the process as later connections can be compared with it; `nil` if it cannot be pinned.
    func pinned() throws(CallerLost) -> (any PinnedProcess)?
}

extension CallerIdentity {
    public func pinned() throws(CallerLost) -> (any PinnedProcess)? { nil }
}

/// A process that stays recognisable while it lives: its number may later be another's.
public protocol PinnedProcess: Sendable {
    var isAlive: Bool { get }

    /// Whether both are one living process that still runs the same program.
    func isSame(as other: any PinnedProcess) -> Bool
}

/// The process that connected has ended or executed another program: the socket's current owner is unknown.
public struct CallerLost: Error, Equatable, Sendable {
    /// Continues the text "the program that connected".
    public var what: String

    public init(_ what: String) { self.what = what }

    public static let ended = CallerLost("has ended")
    public static let changed = CallerLost("has become another program")
}

/// A caller without further facts to determine.
public struct KnownCaller: CallerIdentity, Equatable {
    public let connected: Caller

    public init(_ caller: Caller) { connected = caller }

    public func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller? { connected }
    public func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller { connected }
}
