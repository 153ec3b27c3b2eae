public import Policy
internal import System

/// The access control of the server: the rules, the audit, and the sources of facts about callers.
public struct Access: Sendable {
    public var rules: CurrentRules
    public var audit: any AccessAudit
    /// Returns the user to whom a user's connections count: the owner of a subordinate user (subuid(5)).
    public var accountable: @Sendable (UInt32) -> UInt32
    /// Returns only the peer's pid, uid and gid (SO_PEERCRED), without a look at /proc.
    public var credentials: @Sendable (Int32) throws -> Caller
    /// Returns the process at the other end of a socket, as it is now.
    public var peer: @Sendable (Int32) throws -> any CallerIdentity
    /// Returns a process by its pid, for the policy check; `nil` if it does not exist.
    public var process: @Sendable (Int32) -> (any CallerIdentity)?
    public var users: any UserDirectory
    /// The requests that wait for a confirmation.
    public var approvals: Approvals

    public init(
        rules: CurrentRules, audit: any AccessAudit = NoAudit(),
        accountable: @escaping @Sendable (UInt32) -> UInt32 = { $0 },
        credentials: @escaping @Sendable (Int32) throws -> Caller = kernelCredentials,
        peer: @escaping @Sendable (Int32) throws -> any CallerIdentity = { KnownCaller(try kernelCredentials($0)) },
        process: @escaping @Sendable (Int32) -> (any CallerIdentity)? = { _ in nil },
        users: any UserDirectory = EveryUserListed(), approvals: Approvals = Approvals()
    ) {
        self.rules = rules
        self.audit = audit
        self.accountable = accountable
        self.credentials = credentials
        self.peer = peer
        self.process = process
        self.users = users
        self.approvals = approvals
    }

    /// A socket whose peer credentials the kernel did not report.
    public struct UnknownPeer: Error {}

    /// Returns the peer's credentials at the time of its connect(2).
    @Sendable
    public static func kernelCredentials(_ socket: Int32) throws -> Caller {
        guard let peer = try? PeerCredentials(of: socket) else { throw UnknownPeer() }
        return Caller(pid: peer.pid, user: peer.user, group: peer.group)
    }
}
