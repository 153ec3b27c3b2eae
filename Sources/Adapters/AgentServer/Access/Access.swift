public import Policy
internal import System

/// Who is let in and to what: the rules, whoever keeps the record of it, and how callers are found out about.
public struct Access: Sendable {
    public var rules: RulesInForce
    public var audit: any AccessAudit
    /// To which user another one's connections count: a subordinate user (subuid(5)) to its owner.
    public var accountable: @Sendable (UInt32) -> UInt32
    /// Process, user and group at the other end of a socket, and nothing else.
    public var credentials: @Sendable (Int32) throws -> Caller
    /// The process at the other end of a socket, which is looked at now and not kept.
    public var peer: @Sendable (Int32) throws -> any CallerIdentity
    /// A process by its number, for those who ask what it might do. Nil when there is none.
    public var process: @Sendable (Int32) -> (any CallerIdentity)?
    public var users: any UserDirectory

    public init(
        rules: RulesInForce, audit: any AccessAudit = NoAudit(),
        accountable: @escaping @Sendable (UInt32) -> UInt32 = { $0 },
        credentials: @escaping @Sendable (Int32) throws -> Caller = kernelCredentials,
        peer: @escaping @Sendable (Int32) throws -> any CallerIdentity = { KnownCaller(try kernelCredentials($0)) },
        process: @escaping @Sendable (Int32) -> (any CallerIdentity)? = { _ in nil },
        users: any UserDirectory = EveryUserListed()
    ) {
        self.rules = rules
        self.audit = audit
        self.accountable = accountable
        self.credentials = credentials
        self.peer = peer
        self.process = process
        self.users = users
    }

    /// The kernel did not say who is at the other end.
    public struct UnknownPeer: Error {}

    /// As they were at connect(2).
    @Sendable
    public static func kernelCredentials(_ socket: Int32) throws -> Caller {
        guard let peer = try? PeerCredentials(of: socket) else { throw UnknownPeer() }
        return Caller(pid: peer.pid, user: peer.user, group: peer.group)
    }
}
