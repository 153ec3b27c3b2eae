public import AgentAPI

/// Something that knows figures of its own. No two sources may have a family of the same name.
public protocol MetricSource: Sendable {
    /// Adds the families of the agent as a whole: no account's name is in them.
    func write(into page: inout Exposition)
    /// Adds the families that have a series for each account, of those that the reader may see.
    func writeAccounts(where isVisible: (AccountName) -> Bool, into page: inout Exposition)
}

extension MetricSource {
    public func writeAccounts(where isVisible: (AccountName) -> Bool, into page: inout Exposition) {}
}
