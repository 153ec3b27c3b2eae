internal import CLinux
internal import Glibc

/// Signals as a descriptor for poll(2) instead of handlers (signalfd(2)).
public final class SignalWatch {
    public let descriptor: Int32
    private var set = sigset_t()

    /// Blocks the signals until `end`, or until the process ends.
    public init(_ signals: [Int32]) {
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        sigprocmask(SIG_BLOCK, &set, nil)
        descriptor = clinux_signalfd(&set)
    }

    /// Restores the signals' former effect; a pending one takes effect now.
    public func end() { sigprocmask(SIG_UNBLOCK, &set, nil) }

    /// Returns the next signal, and whether a process has sent it; otherwise the kernel has, for the terminal. `nil`
    /// without one.
    public func next() -> (signal: Int32, isSent: Bool)? {
        var isSent: Int32 = 0
        let signal = clinux_signalfd_take(descriptor, &isSent)
        return signal > 0 ? (signal, isSent != 0) : nil
    }

    /// Whether this process ignores the signal, as one that nohup(1) has started.
    public static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else {
            return false
        }
        return unsafeBitCast(handler, to: Int.self) == 1
    }

    deinit { _ = close(descriptor) }

    public func take() -> Int32? {
        let signal = clinux_signalfd_read(descriptor)
        return signal > 0 ? signal : nil
    }
}
