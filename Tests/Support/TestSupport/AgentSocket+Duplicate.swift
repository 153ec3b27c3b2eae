package import AuthagentClient
import Foundation

extension AgentSocket {
    /// The connection as a descriptor of one's own, to be closed by the caller.
    package func duplicate() -> Int32 { fcntl(raw, F_DUPFD_CLOEXEC, 0) }
}
