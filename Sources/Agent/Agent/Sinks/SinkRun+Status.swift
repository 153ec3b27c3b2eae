internal import AgentAPI
internal import Configuration
internal import Formats
internal import System
internal import Vault

extension SinkRun {
    var status: SinkStatus {
        let (state, now) = (current, time.now)
        var status = SinkStatus(
            path: settings.path, account: settings.account, what: settings.what, state: .ok, source: settings.source,
            expiresAt: state.held?.expiresAt.map { time.wall(at: $0) })
        if let fault = state.fault {
            (status.state, status.detail, status.hint) = (.failed, fault.problem, fault.hint)
        } else if let missing = state.missing {
            status.state =
                state.held == nil ? .waiting : state.isShort(settings.minimumValidity, at: now) ? .stale : .ok
            (status.detail, status.hint) = (DisplayText.clean(missing.detail, limit: 600), missing.hint)
        } else if state.held == nil {
            (status.state, status.detail) = (.waiting, "there has been no token yet")
            status.hint = "run 'authagent status \(settings.account)' to see why"
        } else if let fault = state.programFault {
            (status.detail, status.hint) = (fault.problem, fault.hint)
        }
        return status
    }
}

extension SinkState {
    /// Whether the token in the file has less left than it should.
    fileprivate func isShort(_ minimumValidity: Int, at now: ContinuousClock.Instant) -> Bool {
        held?.expiresAt.map { $0 - now < .seconds(minimumValidity) } ?? false
    }
}
