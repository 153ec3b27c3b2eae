package import AuthagentClient
import Foundation

extension AgentSocket {
    /// A duplicate of the descriptor, which the caller closes.
    package func duplicate() -> Int32 { fcntl(raw, F_DUPFD_CLOEXEC, 0) }
}
