internal import CLinux
internal import Glibc

/// Signals as something to wait for beside a socket, instead of something that interrupts (signalfd(2)).
public final class SignalWatch {
    public let descriptor: Int32
    private var set = sigset_t()

    /// Blocks the signals until `end`, or for good where the process ends soon after the first.
    public init(_ signals: [Int32]) {
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        sigprocmask(SIG_BLOCK, &set, nil)
        descriptor = clinux_signalfd(&set)
    }

    /// From here on the signals do what they did before; one that has arrived does so now.
    public func end() { sigprocmask(SIG_UNBLOCK, &set, nil) }

    deinit { _ = close(descriptor) }

    public func take() -> Int32? {
        let signal = clinux_signalfd_read(descriptor)
        return signal > 0 ? signal : nil
    }
}
