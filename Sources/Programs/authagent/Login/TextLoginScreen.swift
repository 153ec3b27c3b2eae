internal import AgentAPI
internal import AuthagentClient
internal import Glibc

/// Text for a user at a terminal.
final class TextLoginScreen: LoginScreen {
    private let account: AccountName
    private let isBrowserHere: Bool
    /// Shown again after an outage, with its expiry.
    private var shown: (prompt: LoginPrompt, end: Deadline)?

    init(account: AccountName, isBrowserHere: Bool = false) {
        self.account = account
        self.isBrowserHere = isBrowserHere
    }

    var wantsQRCode: Bool { Console.isTerminal }

    var takesPaste: Bool { PasteTerminal.isThere }

    func show(_ event: LoginEvent) {
        switch event {
        case .prompt(let prompt):
            let isFirst = shown == nil
            shown = (prompt, Deadline(.seconds(prompt.expiresIn)))
            if isFirst { show(prompt) } else { showNewAddress(prompt) }
        case .slowed(let interval): Console.note("the provider requires \(interval) s between two polls")
        case .retrying(let detail): Console.note("\(detail); still trying, \(stayingPart) stays valid")
        case .resumed:
            Console.note("the provider answers again")
            if let (prompt, end) = shown { showSteps(prompt, expiresIn: Int(end.milliseconds) / 1000) }
        case .done(let result): show(result)
        case .failed: break
        }
    }

    func answered(_ objection: String?) {
        if let objection {
            Console.note("not accepted: \(objection); the login goes on")
        } else {
            Console.print("the response has arrived; waiting for the provider")
        }
    }

    func couldNotWatch(_ failure: Failure) {}

    private var stayingPart: String {
        switch shown?.prompt.grant {
        case .code?: "the address"
        case .ciba?: "the request"
        case .device?, nil: "the code"
        }
    }

    private func show(_ result: LoginResult) {
        if let note = result.note { Console.note(note) }
        if let grant = result.grant { return show(result, by: grant) }
        let subject = result.subject.map { " as \(Console.clean($0))" } ?? ""
        let scope = result.scope.isEmpty ? "" : ", scope: \(Console.clean(result.scope))"
        let context = result.acr.map { ", authenticated by \(Console.clean($0))" } ?? ""
        Console.print("logged in '\(account)'\(subject)\(scope)\(context)")
        guard result.elevated == true else {
            Console.print("now 'authagent token \(account)' prints a fresh token")
            return
        }
        Console.print("this login is in memory, beside the account's login")
        let option = result.acr.map { " --acr \(Console.clean($0))" } ?? ""
        Console.print("now 'authagent token \(account)\(option)' prints its token")
    }

    /// An account without a person, whose request was tried.
    private func show(_ result: LoginResult, by grant: String) {
        let type = result.issuedTokenType.map { ", type: \(Console.clean($0))" } ?? ""
        let scope = result.scope.isEmpty ? "" : ", scope: \(Console.clean(result.scope))"
        let end = result.expiresAt.map { ", for \(words(max(0, $0 - time(nil))))" } ?? ""
        Console.print("'\(account)' was granted a token by \(Console.clean(grant))\(type)\(scope)\(end)")
        Console.print("it needs no login: 'authagent token \(account)' prints a fresh token")
    }

    /// Shows the issuer, the requested scopes and the client, because logins are abused with codes and addresses that an
    /// attacker hands out (RFC 8628 §5.4).
    ///
    /// What the user needs comes last, so that it stays visible when a QR code fills a screen of 24 lines.
    private func show(_ prompt: LoginPrompt) {
        if let note = prompt.note { Console.note(note) }
        var lines = ["login '\(account)' at \(prompt.issuer ?? "the provider")"]
        if let client = prompt.clientID { lines.append("  client: \(client)") }
        if let scope = prompt.scope, !scope.isEmpty { lines.append("  scopes: \(scope)") }
        lines += [Self.warning(prompt.grant), ""]
        for line in lines { Console.print(Console.clean(line)) }
        if let code = prompt.qrCode, fits(code, beside: steps(prompt)) {
            // Draw block characters only, whatever else the agent sends.
            for line in code where line.allSatisfy({ " █▀▄".contains($0) }) { Console.print("  \(line)") }
        }
        showSteps(prompt, expiresIn: prompt.expiresIn)
    }

    private static func warning(_ grant: GrantKind?) -> String {
        switch grant {
        case .code?: "log in only if you started this login yourself"
        case .ciba?: "approve only the request that you started yourself"
        case .device?, nil: "enter the code only if you started this login yourself"
        }
    }

    private func steps(_ prompt: LoginPrompt) -> [String] {
        switch prompt.grant {
        case .code?: CodePromptText(prompt, account: account, isPasted: takesPaste, isBrowserHere: isBrowserHere).lines
        case .ciba?: Self.phoneSteps(prompt)
        case .device?, nil: Self.deviceSteps(prompt)
        }
    }

    /// Address and code, also beside a QR code (RFC 8628 §3.3).
    private static func deviceSteps(_ prompt: LoginPrompt) -> [String] {
        var steps: [String] = []
        if let address = prompt.verificationURI { steps.append("  open:   \(address)") }
        if let code = prompt.userCode { steps.append("  enter:  \(code)") }
        if let complete = prompt.verificationURIComplete, complete != prompt.verificationURI {
            steps.append("  or:     \(complete)")
        }
        return steps
    }

    private static func phoneSteps(_ prompt: LoginPrompt) -> [String] {
        guard let words = prompt.bindingMessage else { return ["  approve the request on your phone"] }
        return ["  approve the request on your phone; it must show:", "", "  \(words)", ""]
    }

    private func showSteps(_ prompt: LoginPrompt, expiresIn: Int) {
        for line in steps(prompt) { Console.print(Console.clean(line)) }
        Console.print("waiting for approval, \(words(expiresIn)) at most; Ctrl-C cancels")
    }

    /// The provider takes the first address no more (RFC 9126 §2.2).
    private func showNewAddress(_ prompt: LoginPrompt) {
        guard prompt.grant == .code, let address = prompt.authorizationURI else {
            return showSteps(prompt, expiresIn: prompt.expiresIn)
        }
        let short = prompt.shortURI == nil ? "" : "; the short one leads to the new one"
        for line in ["the address has changed\(short):", "", address, ""] {
            Console.print(Console.clean(line))
        }
    }

    /// Whether the code fits on the terminal with the lines below it and the cursor's line.
    private func fits(_ code: [String], beside steps: [String]) -> Bool {
        let size = Console.size
        let below = steps.reduce(0) { $0 + max(1, ($1.count + size.columns - 1) / size.columns) }
        return size.columns >= (code.map(\.count).max() ?? 0) + 2 && size.lines >= code.count + below + 2
    }

    private func words(_ seconds: Int) -> String { seconds < 120 ? "\(seconds) s" : "\((seconds + 30) / 60) min" }
}
