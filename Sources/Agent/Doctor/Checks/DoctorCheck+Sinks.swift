package import AgentAPI
package import Configuration
internal import System

extension DoctorCheck {
    /// Checks the directory of a sink's file. `isOwn`: the agent creates it.
    package static func sinkPlace(_ sink: SinkSettings, isOwn: Bool) -> DoctorCheck {
        let directory = PrivateDirectory.parent(of: sink.path)
        do throws(PathFault) {
            _ = try TrustedFile.place(directory)
        } catch {
            if isOwn, error.isMissing {
                return DoctorCheck(
                    .sinkPlace, .ok, "\(directory) is created with the first token", account: sink.account)
            }
            return DoctorCheck(
                .sinkPlace, .problem, "no token can be written to \(sink.path): \(error.description)",
                hint: error.isMissing ? "run 'mkdir -p -m 755 \(directory)'" : error.advice, account: sink.account)
        }
        return DoctorCheck(.sinkPlace, .ok, "only you and root can replace \(sink.path)", account: sink.account)
    }
}

extension PathFault {
    /// A sticky directory is not enough for files with tokens, as the general hint has it.
    fileprivate var advice: String {
        switch reason {
        case .writable, .modeless: "name a directory that only you and root can write to, and run 'authagent reload'"
        case .owner, .notADirectory, .system: hint
        }
    }

    fileprivate var isMissing: Bool {
        if case .system(_, let code) = reason { code == 2 } else { false }
    }
}
