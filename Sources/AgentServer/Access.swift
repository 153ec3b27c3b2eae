internal import CLinux
public import Policy

/// Who is let in and to what: the rules, whoever keeps the record of it, and how callers are found out about.
public struct Access: Sendable {
    public var rules: RulesInForce
    public var audit: any AccessAudit
    /// The process at the other end of a socket, which is looked at now and not kept.
    public var peer: @Sendable (Int32) throws -> any CallerIdentity
    /// A process by its number, for those who ask what it might do. Nil when there is none.
    public var process: @Sendable (Int32) -> (any CallerIdentity)?

    public init(
        rules: RulesInForce, audit: any AccessAudit = NoAudit(),
        peer: @escaping @Sendable (Int32) throws -> any CallerIdentity = credentials,
        process: @escaping @Sendable (Int32) -> (any CallerIdentity)? = { _ in nil }
    ) {
        self.rules = rules
        self.audit = audit
        self.peer = peer
        self.process = process
    }

    /// The kernel did not say who is at the other end.
    public struct UnknownPeer: Error {}

    /// Process, user and group, as the kernel has fixed them at connect(2), and nothing else.
    @Sendable
    public static func credentials(_ socket: Int32) throws -> any CallerIdentity {
        var peer = clinux_peer()
        guard clinux_peer_credentials(socket, &peer) == 0 else { throw UnknownPeer() }
        return KnownCaller(Caller(pid: peer.pid, user: peer.uid, group: peer.gid))
    }
}
