public import Policy

/// Who is let in and to what: the rules, whoever keeps the record of it, and how callers are found out about.
public struct Access: Sendable {
    public var rules: RulesInForce
    public var audit: any AccessAudit
    /// The process at the other end of a connection, of which the kernel has said this much.
    public var peer: @Sendable (Caller) -> any CallerIdentity
    /// A process by its number, for those who ask what it might do. Nil when there is none.
    public var process: @Sendable (Int32) -> (any CallerIdentity)?

    public init(
        rules: RulesInForce, audit: any AccessAudit = NoAudit(),
        peer: @escaping @Sendable (Caller) -> any CallerIdentity = { KnownCaller($0) },
        process: @escaping @Sendable (Int32) -> (any CallerIdentity)? = { _ in nil }
    ) {
        self.rules = rules
        self.audit = audit
        self.peer = peer
        self.process = process
    }
}
