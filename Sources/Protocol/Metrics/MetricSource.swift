public import AgentAPI
public import Formats

/// A component with metrics. Two sources must not have a family of the same name.
public protocol MetricSource: Sendable {
    /// Adds the agent-wide families, which contain no account names.
    func write(into page: inout MetricsText)
    /// Adds the families with a series for each account that the reader may see.
    func writeAccounts(where isVisible: (AccountName) -> Bool, into page: inout MetricsText)
}

extension MetricSource {
    public func writeAccounts(where isVisible: (AccountName) -> Bool, into page: inout MetricsText) {}
}
