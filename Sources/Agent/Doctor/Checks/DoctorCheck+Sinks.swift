package import AgentAPI
package import Configuration
internal import System

extension DoctorCheck {
    /// Checks the directory of a sink's file. `isOwn`: the agent creates it.
    package static func sinkPlace(_ sink: SinkSettings, isOwn: Bool) -> DoctorCheck {
        let directory = PrivateDirectory.parent(of: sink.path)
        do throws(PathFault) {
            let (_, path) = try TrustedFile.place(directory)
            if let obstacle = SinkPlace.obstacle(sink, in: path) {
                return DoctorCheck(.sinkPlace, .warning, obstacle.problem, hint: obstacle.hint, account: sink.account)
            }
        } catch {
            if isOwn, error.isMissing {
                return DoctorCheck(
                    .sinkPlace, .ok, "\(directory) is created with the first token", account: sink.account)
            }
            return DoctorCheck(
                .sinkPlace, .problem, "no token can be written to \(sink.path): \(error.description)",
                hint: error.isMissing ? "run 'mkdir -p -m 755 \(directory)'" : error.sinkHint, account: sink.account)
        }
        return DoctorCheck(.sinkPlace, .ok, "only you and root can replace \(sink.path)", account: sink.account)
    }
}

extension DoctorCheck {
    /// An entry of `sinks.toml` that cannot be used.
    package static func brokenSink(_ sink: BrokenSink) -> DoctorCheck {
        DoctorCheck(
            .sinkPlace, .problem, "the sink \(sink.path) is not kept: \(sink.error.description)",
            hint: sink.error.hint, account: sink.account)
    }
}

extension PathFault {
    fileprivate var isMissing: Bool {
        if case .system(_, let code) = reason { code == 2 } else { false }
    }
}
