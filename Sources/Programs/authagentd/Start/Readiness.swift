internal import Glibc
internal import Synchronization
internal import System

/// The report, sent once, whether the daemon serves: over a pipe to the client that started it, and with sd_notify(3)
/// to systemd.
final class Readiness: Sendable {
    private let descriptor: Mutex<Int32?>
    private let environment: [String: String]

    init(descriptor: Int32?, environment: [String: String]) {
        self.descriptor = Mutex(descriptor)
        self.environment = environment
    }

    func ready() {
        tell("ready\n")
        ServiceNotification.send("READY=1", environment: environment)
    }

    /// Reports the failure. `in-use` means that another agent runs already, so that the client can connect to that.
    func failed(_ failure: StartFailure) {
        let hints = failure.hints.map { "hint: \($0)\n" }.joined()
        tell(failure.isInUse ? "in-use\n" : "error: \(failure.fault.problem)\n\(hints)")
    }

    private func tell(_ text: String) {
        guard let descriptor = descriptor.withLock({ $0.take() }) else { return }
        var text = text
        text.withUTF8 { bytes in
            // EPIPE: the client did not wait. The daemon serves all the same.
            _ = write(descriptor, bytes.baseAddress, bytes.count)
        }
        close(descriptor)
    }
}
