internal import AgentAPI
internal import Glibc
internal import System

/// Runs the command as a child, and stays for what it needs: renewals of its token, or an endpoint.
///
/// For the terminal and for other programs the two are one: the child is in this process group, gets the signals that are
/// sent to this process, stops and ends with it, and its end is this process's end.
struct Supervisor {
    /// What a renewal means for the child.
    enum Renewal: Equatable {
        case none
        case signal(Int32)
        case restart
    }

    private let launch: Launch
    private let renewal: Renewal
    private let source: TokenSource
    private let token: IssuedToken?
    private let endpoint: CloudEndpoint?

    init(
        _ launch: Launch, _ renewal: Renewal, source: TokenSource, token: IssuedToken?, endpoint: CloudEndpoint?
    ) {
        (self.launch, self.renewal, self.source) = (launch, renewal, source)
        (self.token, self.endpoint) = (token, endpoint)
    }

    /// Runs the command to its end, and ends as it did: without exit(3), whose handlers the threads would meet.
    func run() -> Never {
        do {
            let end = try supervise()
            launch.delivery.file?.remove()
            switch end {
            case .killed(let signal): ProcessEnd.die(of: signal)
            case .exited(let code): _exit(code)
            }
        } catch {
            launch.delivery.file?.remove()
            if let error = error as? CommandNotStarted {
                Console.report(error.failure)
                _exit(error.exitCode)
            }
            let failure = Failure(any: error)
            Console.report(failure)
            _exit(failure.code.rawValue)
        }
    }

    private func supervise() throws -> ChildRun.End {
        // Before the threads, which have the signals blocked too.
        let signals = ForwardedSignals()
        if let token, token.expiresAt == nil, renewal != .none {
            Console.note("the token does not expire, so it is not renewed")
        }
        let isWatched = token.map { $0.expiresAt != nil || launch.delivery.file != nil } ?? false
        let renewals = isWatched ? try RenewalWatch(source) : nil
        if let endpoint, !endpoint.start() {
            throw Failure("cannot start the endpoint: the system has no more threads")
        }
        if let renewals, !renewals.start(after: token?.expiresAt) {
            throw Failure("cannot watch the token: the system has no more threads")
        }
        var run = ChildRun(launch, renewal)
        try run.start(with: token)
        while true {
            var waits = [
                pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: renewals?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&waits, 2, run.milliseconds)
            while let (signal, isSent) = signals.next() { run.received(signal, isSent: isSent) }
            // Before the events: a command that has ended gets no other token.
            if let end = try run.advance() { return end }
            guard waits[1].revents != 0 else { continue }
            for event in renewals?.take() ?? [] { run.happened(event) }
        }
    }
}
