internal import Glibc
internal import System

/// What a waiting login attends to besides the agent, as one descriptor for poll(2): signals, the terminal's input, and
/// a browser's response.
final class LoginAlarms {
    private let events: EventPoll
    private let watch: SignalWatch

    /// `atTerminal`: also the signals that concern the terminal's mode. Otherwise they keep their effect: when the terminal
    /// is lost this program ends, and the login continues in the agent.
    init(atTerminal: Bool) throws(Failure) {
        let others = [SIGHUP, SIGQUIT, SIGTSTP].filter { !SignalWatch.isIgnored($0) }
        // In the background, the last two would stop this program as soon as it looks at the terminal.
        watch = SignalWatch([SIGINT, SIGTERM] + (atTerminal ? others + [SIGCONT, SIGTTIN, SIGTTOU] : []))
        do throws(LocalSocketError) { events = try EventPoll() } catch { throw Failure(error) }
        add(watch.descriptor)
    }

    var descriptor: Int32 { events.descriptor }

    func add(_ descriptor: Int32) { _ = events.watch(descriptor, for: .readable, isNew: true) }

    func remove(_ descriptor: Int32) { events.forget(descriptor) }

    /// Waits until there is something to attend to.
    func wait() {
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&look, 1, -1)
    }

    /// Returns the signals that have arrived.
    func signals() -> [Int32] {
        var signals: [Int32] = []
        while let signal = watch.take() { signals.append(signal) }
        return signals
    }
}
