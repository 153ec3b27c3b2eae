internal import AgentAPI
internal import AuthagentClient
internal import Formats
internal import Glibc
internal import System

/// A login in this program: it shows the login's events, hands over what is pasted, and cancels on Ctrl-C.
final class LoginSession {
    private let account: AccountName
    private let screen: any LoginScreen
    private let isBrowserHere: Bool
    private let relay: ResponseRelay
    private var terminal: PasteTerminal?
    private var browser: BrowserHere?
    private var pasted = PastedLines()
    /// The last objection to a browser's response, which is shown once, however often other programs send the like.
    private var lastObjection: String?

    init(_ account: AccountName, _ screen: any LoginScreen, isBrowserHere: Bool) throws {
        (self.account, self.screen, self.isBrowserHere) = (account, screen, isBrowserHere)
        relay = try ResponseRelay(ResponseHandover(account: account))
    }

    /// The login failed, as the event stream reported.
    struct Ended: Error { let failure: LoginFailure }

    /// Starts or joins the login, and returns when it has succeeded.
    func run(_ request: LoginRequest) throws {
        let connection = try open()
        // Blocked only now, so that Ctrl-C before the login exists just ends this program.
        let alarms = try LoginAlarms(atTerminal: screen.takesPaste)
        if screen.takesPaste { terminal = PasteTerminal(alarms) }
        alarms.add(relay.bell)
        defer { finish() }
        try connection.begin(.login(account, request))
        let events = EventStream<LoginEventReader>(connection)
        while true {
            do {
                guard let event = try events.next(alarm: alarms.descriptor) else { throw Self.agentEnded }
                if try happened(event, alarms) { return }
            } catch AgentClientError.cancelled {
                try attend(alarms)
            }
        }
    }

    private func open() throws -> AgentConnection {
        do {
            return try AgentConnection.open(startIfNeeded: !isBrowserHere)
        } catch AgentClientError.notListening(let path) where isBrowserHere {
            throw Failure(
                "no agent listens at \(path)",
                hint: "forward the other machine's socket: ssh -L \(path):/run/user/UID/authagent/agent.sock HOST",
                code: .agentUnreachable)
        }
    }

    /// Returns whether the login has succeeded.
    private func happened(_ event: LoginEvent, _ alarms: LoginAlarms) throws -> Bool {
        terminal?.hide()
        if case .prompt(let prompt) = event { listen(for: prompt, alarms) }
        screen.show(event)
        switch event {
        case .prompt(let prompt):
            browser?.open()
            if prompt.grant == .code { terminal?.begin() }
            return false
        case .slowed, .retrying, .resumed:
            terminal?.show()
            return false
        case .done: return true
        case .failed(let failure): throw Ended(failure: failure)
        }
    }

    /// Takes the browser's response on this machine, if that is wanted.
    private func listen(for prompt: LoginPrompt, _ alarms: LoginAlarms) {
        guard isBrowserHere else { return }
        if let browser {
            browser.responses.lead(to: prompt)
            return
        }
        do throws(Failure) {
            browser = try BrowserHere(prompt, relay)
        } catch {
            Console.note("\(Console.line(error)); the login goes on")
        }
    }

    private func attend(_ alarms: LoginAlarms) throws {
        for signal in alarms.signals() {
            switch signal {
            case SIGINT, SIGTERM: try cancel()
            case SIGHUP, SIGQUIT:
                finish()
                ProcessEnd.die(of: signal)
            default: terminal?.received(signal)
            }
        }
        for event in terminal?.take() ?? [] {
            switch event {
            case .line(let response): handOver(response)
            case .tooLong: answered("it is longer than \(TypedLines.longest) bytes")
            case .end: break
            }
        }
        for outcome in relay.take() {
            if outcome.isPasted {
                answered(outcome.objection)
                if let next = pasted.answered() { relay.start(next) }
            } else if outcome.objection == nil || outcome.objection != lastObjection {
                lastObjection = outcome.objection
                answered(outcome.objection)
            }
        }
    }

    private func handOver(_ response: String) {
        let (next, isDropped) = pasted.add(response)
        if let next { relay.start(next) }
        if isDropped { answered("too many lines at once") }
    }

    private func answered(_ objection: String?) {
        terminal?.hide()
        screen.answered(objection)
        terminal?.show()
    }

    private func finish() {
        terminal?.end()
        browser?.stop()
    }

    private static let agentEnded = Failure(
        "the agent ended while the login was pending", hint: "run the same command again", code: .agentUnreachable
    )

    /// Requests the cancellation; its event arrives on the first connection.
    private func cancel() throws {
        _ = try AgentConnection.open(startIfNeeded: false).ask(.cancelLogin(account))
    }
}
