internal import AgentAPI
internal import AuthagentClient
internal import Glibc

/// The presentation of a login's events.
protocol LoginScreen {
    var wantsQRCode: Bool { get }
    func show(_ event: LoginEvent)
    /// Reports that the event stream is missing.
    func couldNotWatch(_ failure: Failure)
}

/// One JSON object per line, with the documented members only.
struct JSONLoginScreen: LoginScreen {
    let wantsQRCode = false

    func show(_ event: LoginEvent) {
        var event = event
        switch event {
        case .prompt(var prompt):
            if let note = prompt.note { Console.note(note) }
            (prompt.qrCode, prompt.issuer, prompt.clientID, prompt.scope) = (nil, nil, nil, nil)
            prompt.note = nil
            event = .prompt(prompt)
        case .done(var result):
            if let note = result.note { Console.note(note) }
            result.note = nil
            event = .done(result)
        case .slowed, .retrying, .resumed, .failed: break
        }
        Console.print(APIJSON.text(fixed: event))
    }

    func couldNotWatch(_ failure: Failure) {
        show(
            .failed(
                LoginFailure(
                    code: failure.problemCode, detail: failure.message, hint: failure.hint ?? "see authagent(1)")
            )
        )
    }
}

/// Text for a user at a terminal.
final class TextLoginScreen: LoginScreen {
    private let account: AccountName
    /// Shown again after an outage, with the code's expiry.
    private var shown: (prompt: LoginPrompt, end: Deadline)?

    init(account: AccountName) { self.account = account }

    var wantsQRCode: Bool { Console.isTerminal }

    func show(_ event: LoginEvent) {
        switch event {
        case .prompt(let prompt):
            shown = (prompt, Deadline(.seconds(prompt.expiresIn)))
            show(prompt)
        case .slowed(let interval): Console.note("the provider requires \(interval) s between two polls")
        case .retrying(let detail): Console.note("\(detail); still trying, the code stays valid")
        case .resumed:
            Console.note("the provider answers again")
            if let (prompt, end) = shown { showSteps(prompt, expiresIn: Int(end.milliseconds) / 1000) }
        case .done(let result):
            if let note = result.note { Console.note(note) }
            let subject = result.subject.map { " as \(Console.clean($0))" } ?? ""
            let scope = result.scope.isEmpty ? "" : ", scope: \(Console.clean(result.scope))"
            Console.print("logged in '\(account)'\(subject)\(scope)")
            Console.print("now 'authagent token \(account)' prints a fresh token")
        case .failed: break
        }
    }

    func couldNotWatch(_ failure: Failure) {}

    /// Shows code and URI, also beside a QR code (RFC 8628 §3.3), with the requested scopes and the client, because
    /// this grant is abused with codes that an attacker hands out (§5.4).
    ///
    /// Code and URI come last, so that they stay visible when the QR code fills a screen of 24 lines.
    private func show(_ prompt: LoginPrompt) {
        if let note = prompt.note { Console.note(note) }
        var lines = ["login '\(account)' at \(prompt.issuer ?? "the provider")"]
        if let client = prompt.clientID { lines.append("  client: \(client)") }
        if let scope = prompt.scope, !scope.isEmpty { lines.append("  scopes: \(scope)") }
        lines += ["enter the code only if you started this login yourself", ""]
        for line in lines { Console.print(Console.clean(line)) }
        if let code = prompt.qrCode, fits(code) {
            // Draw block characters only, whatever else the agent sends.
            for line in code where line.allSatisfy({ " █▀▄".contains($0) }) { Console.print("  \(line)") }
        }
        showSteps(prompt, expiresIn: prompt.expiresIn)
    }

    private func showSteps(_ prompt: LoginPrompt, expiresIn: Int) {
        var steps: [String] = []
        if let address = prompt.verificationURI { steps.append("  open:   \(address)") }
        if let code = prompt.userCode { steps.append("  enter:  \(code)") }
        if let complete = prompt.verificationURIComplete, complete != prompt.verificationURI {
            steps.append("  or:     \(complete)")
        }
        for line in steps { Console.print(Console.clean(line)) }
        Console.print("waiting for approval, \(words(expiresIn)) at most; Ctrl-C cancels")
    }

    /// Whether the code fits on the terminal with the lines below it and the cursor's line.
    private func fits(_ code: [String]) -> Bool {
        let size = Console.size
        return size.columns >= (code.map(\.count).max() ?? 0) + 2 && size.lines >= code.count + 5
    }

    private func words(_ seconds: Int) -> String { seconds < 120 ? "\(seconds) s" : "\((seconds + 30) / 60) min" }
}
