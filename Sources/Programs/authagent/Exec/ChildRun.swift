internal import AuthagentClient
internal import Glibc
internal import System

/// The command's processes, one after the other, and what happens to the current one.
struct ChildRun {
    enum End {
        case exited(Int32)
        case killed(Int32)
    }

    private let launch: Launch
    private let renewal: Supervisor.Renewal
    private var child: CommandProcess?
    private var source: Int32?
    /// The token to start with after a stop; `nil` while no restart is under way.
    private var next: IssuedToken?
    /// When a child that does not end is killed.
    private var killsAt: Deadline?
    /// When this process stops as the child has.
    private var stopsAt: Deadline?
    /// Whether a signal that ends programs has come: its end is then the last.
    private var isEnding = false

    /// Time for a command to end after SIGTERM before a restart kills it.
    static let patience = 10
    /// The child's continuation may be on its way: a shell continues both at once.
    private static let stopDelay: Duration = .milliseconds(100)

    init(_ launch: Launch, _ renewal: Supervisor.Renewal) { (self.launch, self.renewal) = (launch, renewal) }

    mutating func start(with token: IssuedToken?) throws {
        let command = try launch.command(token)
        defer { if let source = command.descriptor?.source { close(source) } }
        switch command.start() {
        case .success(let process): child = process
        case .failure(let failure): throw launch.failure(failure.code)
        }
    }

    /// For poll(2); -1 without a deadline.
    var milliseconds: Int32 {
        let deadlines = [killsAt, stopsAt].compactMap { $0?.milliseconds }
        return deadlines.min() ?? -1
    }

    mutating func received(_ signal: Int32, isSent: Bool) {
        guard signal != SIGCHLD else { return }
        if [SIGHUP, SIGINT, SIGQUIT, SIGTERM].contains(signal) { isEnding = true }
        if isSent { child?.send(signal) }
    }

    mutating func happened(_ event: RenewalWatch.Event) throws {
        switch event {
        case .ended: launch.delivery.file?.clear()
        case .failing(let failure): Console.report(failure)
        case .renewed(let token):
            switch renewal {
            case .restart: restart(with: token)
            case .signal(let signal):
                try launch.delivery.file?.write(token.text)
                child?.send(signal)
            case .none: try launch.delivery.file?.write(token.text)
            }
        }
    }

    private mutating func restart(with token: IssuedToken) {
        guard !isEnding else { return }
        // A newer token than that of a restart under way replaces it.
        let isUnderWay = next != nil
        next = token
        guard !isUnderWay else { return }
        child?.send(SIGTERM)
        // One that is stopped gets no signal.
        child?.send(SIGCONT)
        killsAt = Deadline(seconds: Self.patience)
    }

    /// Follows the child's state. Returns its end, unless it is started anew.
    mutating func advance() throws -> End? {
        while let change = child?.change() {
            switch change {
            case .continued: stopsAt = nil
            case .stopped(let signal):
                // As by Ctrl-Z. A process that sends SIGSTOP to the command alone need not continue this one.
                if [SIGTSTP, SIGTTIN, SIGTTOU].contains(signal) { stopsAt = Deadline(Self.stopDelay) }
            case .exited(let code):
                guard try startsAnew() else { return .exited(code) }
            case .killed(let signal):
                guard try startsAnew() else { return .killed(signal) }
            }
        }
        if let deadline = killsAt, deadline.milliseconds == 0 {
            killsAt = nil
            child?.send(SIGKILL)
        }
        if let deadline = stopsAt, deadline.milliseconds == 0 {
            stopsAt = nil
            kill(getpid(), SIGSTOP)
        }
        return nil
    }

    private mutating func startsAnew() throws -> Bool {
        (killsAt, stopsAt) = (nil, nil)
        guard let token = next, !isEnding else { return false }
        next = nil
        try start(with: token)
        return true
    }
}
