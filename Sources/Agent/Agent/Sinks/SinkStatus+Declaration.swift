internal import AgentAPI
internal import Configuration

/// The rows of sinks that are declared and not at work.
extension SinkStatus {
    init(broken sink: BrokenSink) {
        self.init(
            path: sink.path, account: sink.account, what: sink.what, state: .failed, source: sink.source,
            detail: "no token is written: \(sink.error.description)",
            hint: "\(sink.error.hint); then run 'authagent reload', or 'authagent sink remove' with the path")
    }

    init(shadowed sink: SinkSettings) {
        self.init(
            path: sink.path, account: sink.account, what: sink.what, state: .shadowed, source: sink.source,
            detail: "an earlier declaration has this path",
            hint: "give this sink another path, or remove it from \(sink.source)")
    }
}
