internal import AgentAPI
internal import AuthagentClient

/// The presentation of a login's events.
protocol LoginScreen {
    var wantsQRCode: Bool { get }
    /// Whether a user can paste the browser's address into this program.
    var takesPaste: Bool { get }
    func show(_ event: LoginEvent)
    /// Reports what the agent said to a response of the browser: an objection, or `nil` if it was accepted.
    func answered(_ objection: String?)
    /// Reports that the event stream is missing.
    func couldNotWatch(_ failure: Failure)
}

/// One JSON object per line, with the documented members only.
struct JSONLoginScreen: LoginScreen {
    let wantsQRCode = false
    let takesPaste = false

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

    func answered(_ objection: String?) {
        if let objection { Console.note("the browser's response was not accepted: \(objection); the login goes on") }
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
