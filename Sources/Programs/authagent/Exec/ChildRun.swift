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
    /// The token to start with after a stop; `nil` while no restart is under way.
    private var next: IssuedToken?
    /// A token that came while the command was about to end.
    private var postponed: IssuedToken?
    /// A token that the file could not take yet.
    private var undelivered: IssuedToken?
    private var deliversAt: Deadline?
    /// When a child that does not end is killed.
    private var killsAt: Deadline?
    /// When this process stops as the child has.
    private var stopsAt: Deadline?
    /// Until when the child's end counts as the last: it got a signal that ends programs, or that they handle.
    private var endsUntil: Deadline?

    /// Time for a command to end after SIGTERM before a restart kills it.
    static let patience = 10
    /// The child's continuation may be on its way: a shell continues both at once.
    private static let stopDelay: Duration = .milliseconds(100)
    /// Between two attempts to write a file, in seconds.
    private static let deliveryGap = 10

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
        let deadlines = [killsAt, stopsAt, deliversAt, postponed == nil ? nil : endsUntil]
        return deadlines.compactMap { $0?.milliseconds }.min() ?? -1
    }

    private var isEnding: Bool { endsUntil.map { $0.milliseconds > 0 } ?? false }

    mutating func received(_ signal: Int32, isSent: Bool) {
        guard signal != SIGCHLD else { return }
        // Daemons read their configuration at a SIGHUP that a process sends; the kernel's means that the terminal is gone.
        let isEnd = [SIGINT, SIGQUIT, SIGTERM].contains(signal) || signal == SIGHUP && !isSent
        if isEnd { endsUntil = Deadline(seconds: Self.patience) }
        if isSent { child?.send(signal) }
    }

    mutating func happened(_ event: RenewalWatch.Event) {
        switch event {
        case .ended: launch.delivery.file?.clear()
        case .failing(let failure): Console.report(failure)
        case .renewed(let token): if renewal == .restart { restart(with: token) } else { deliver(token) }
        }
    }

    /// Gives a running command its new token. A full file system does not end the command.
    private mutating func deliver(_ token: IssuedToken) {
        do throws(Failure) { try launch.delivery.file?.write(token.text) } catch {
            if undelivered == nil { Console.report(error) }
            undelivered = token
            deliversAt = Deadline(seconds: Self.deliveryGap)
            return
        }
        (undelivered, deliversAt) = (nil, nil)
        if case .signal(let signal) = renewal { child?.send(signal) }
    }

    private mutating func restart(with token: IssuedToken) {
        guard !isEnding else { return postponed = token }
        // One that has ended by itself is not started again.
        guard let child, !child.hasEnded else { return }
        // A newer token than that of a restart under way replaces it.
        let isUnderWay = next != nil
        next = token
        guard !isUnderWay else { return }
        child.send(SIGTERM)
        // One that is stopped gets no signal.
        child.send(SIGCONT)
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
        followDeadlines()
        return nil
    }

    private mutating func followDeadlines() {
        func isOver(_ deadline: Deadline?) -> Bool { deadline.map { $0.milliseconds == 0 } ?? false }
        if isOver(killsAt) {
            killsAt = nil
            child?.send(SIGKILL)
        }
        if isOver(stopsAt) {
            stopsAt = nil
            kill(getpid(), SIGSTOP)
        }
        if isOver(deliversAt), let undelivered { deliver(undelivered) }
        if let token = postponed, !isEnding {
            postponed = nil
            restart(with: token)
        }
    }

    private mutating func startsAnew() throws -> Bool {
        (killsAt, stopsAt) = (nil, nil)
        guard let token = next, !isEnding else { return false }
        next = nil
        try start(with: token)
        return true
    }
}
