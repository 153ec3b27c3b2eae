internal import Glibc
internal import Synchronization
internal import System

/// Tells whoever started the daemon, once, whether it serves: over a pipe to the client that started it, and with
/// sd_notify(3) to systemd.
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

    /// `in-use` tells the client that somebody else was faster, and that it can connect to that agent.
    func failed(_ failure: StartFailure) {
        tell(failure.isInUse ? "in-use\n" : "error: \(failure.problem)\nhint: \(failure.hint)\n")
    }

    private func tell(_ text: String) {
        guard let descriptor = descriptor.withLock({ $0.take() }) else { return }
        var text = text
        text.withUTF8 { bytes in
            // A client that did not wait gets EPIPE, which changes nothing for the daemon.
            _ = write(descriptor, bytes.baseAddress, bytes.count)
        }
        close(descriptor)
    }
}
