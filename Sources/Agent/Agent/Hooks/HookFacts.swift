internal import AgentAPI
internal import Configuration

/// What a hook gets on standard input, as one JSON object. It never holds a token; the prompt of a login is for the
/// person who approves it.
struct HookFacts: Codable, Equatable, Sendable {
    var event: Event
    /// Seconds since 1970.
    var time: Int
    var account: AccountName?
    /// All of it in one line for people.
    var message: String
    var code: String?
    var reason: String?
    var detail: String?
    var hint: String?
    var scope: String?
    /// The expiry of the new access token, or of the code of a login's prompt, in seconds since 1970.
    var expiresAt: Int?
    /// In seconds since 1970.
    var loginExpiresAt: Int?
    var store: String?
    var state: StoreState?
    var userCode: String?
    var verificationURI: String?
    var verificationURIComplete: String?
    /// Of a login by code. It has the login's `state`, so only the user may get it.
    var authorizationURI: String?
    /// The words that the phone shows, too.
    var bindingMessage: String?
    /// Whose login page the prompt is for.
    var issuer: String?
    /// The request that waits.
    var approval: Approval?

    enum Event: String, Codable, Sendable {
        case loginRequired = "login_required"
        case loginPrompt = "login_prompt"
        case loginExpires = "login_expires"
        case refreshed
        case storeProblem = "store_problem"
        case confirm
    }

    enum CodingKeys: String, CodingKey {
        case event, time, account, message, code, reason, detail, hint, scope, store, state, issuer, approval
        case expiresAt = "expires_at"
        case loginExpiresAt = "login_expires_at"
        case userCode = "user_code"
        case verificationURI = "verification_uri"
        case verificationURIComplete = "verification_uri_complete"
        case authorizationURI = "authorization_uri"
        case bindingMessage = "binding_message"
    }

    private init(_ event: Event, _ account: AccountName?, time: Int, message: String) {
        (self.event, self.account, self.time, self.message) = (event, account, time, message)
    }
}

extension HookFacts {
    /// Creates the facts of an event; `nil` if no hook is for it.
    init?(_ event: AgentEvent) {
        let news = event.news
        let account = news.account.map { "'\($0)'" } ?? ""
        let hint = news.hint.map { "; \($0)" } ?? ""
        switch news.kind {
        case .loginRequired:
            self.init(.loginRequired, news.account, time: event.time, message: "\(account) needs a login\(hint)")
        case .loginExpires:
            self.init(
                .loginExpires, news.account, time: event.time,
                message: "\(account): \(news.detail ?? "the login expires soon")\(hint)")
        case .refreshed:
            self.init(.refreshed, news.account, time: event.time, message: "the token of \(account) was renewed")
        case .storeState where news.state?.isProblem == true:
            let detail = news.detail.map { " (\($0))" } ?? ""
            let state = news.state?.rawValue ?? ""
            self.init(
                .storeProblem, nil, time: event.time,
                message: "the store '\(news.store ?? "")' is \(state)\(detail)\(hint)")
        case .unsaved:
            self.init(
                .storeProblem, news.account, time: event.time,
                message: "the login of \(account) is not saved: \(news.detail ?? "its store failed")\(hint)")
        default: return nil
        }
        (code, reason, detail, self.hint) = (news.code, news.reason, news.detail, news.hint)
        (scope, expiresAt, loginExpiresAt) = (news.scope, news.expiresAt, news.loginExpiresAt)
        (store, state) = (news.store, news.state)
    }

    /// Creates the facts of a login's prompt.
    init(_ prompt: LoginPrompt, of account: AccountName, at wall: Int) {
        self.init(
            .loginPrompt, account, time: wall,
            message: "to log in '\(account)', \(Self.step(prompt))")
        (userCode, verificationURI) = (prompt.userCode, prompt.verificationURI)
        verificationURIComplete = prompt.verificationURIComplete
        authorizationURI = prompt.authorizationURI
        bindingMessage = prompt.bindingMessage
        (scope, issuer, expiresAt) = (prompt.scope, prompt.issuer, wall + prompt.expiresIn)
        detail = prompt.note
    }

    private static func step(_ prompt: LoginPrompt) -> String {
        if let code = prompt.userCode, let address = prompt.verificationURI {
            return "open \(address) and enter \(code)"
        }
        // The address has the login's state. The message may be printed, and so logged.
        if prompt.authorizationURI != nil { return "open the address that 'authagent login' shows" }
        return "approve it on your phone" + (prompt.bindingMessage.map { ", which shows '\($0)'" } ?? "")
    }

    /// Creates the facts of a request that waits for a confirmation.
    init(_ approval: Approval) {
        let program = approval.executable ?? approval.executableClaimed ?? "a program"
        let what = approval.account.map { "'\($0)'" } ?? "the agent"
        self.init(
            .confirm, approval.account, time: approval.requestedAt,
            message:
                "\(program) (pid \(approval.pid), uid \(approval.user)) requests '\(approval.permission)' of \(what)")
        (self.approval, expiresAt) = (approval, approval.expiresAt)
    }

    var occasion: HookSettings.Occasion {
        switch event {
        case .loginRequired: .loginRequired
        case .loginPrompt: .loginPrompt
        case .loginExpires: .loginExpires
        case .refreshed: .refreshed
        case .storeProblem: .storeProblem
        case .confirm: .confirm
        }
    }
}

extension StoreState {
    /// Whether logins of the store cannot be read or saved.
    fileprivate var isProblem: Bool {
        switch self {
        case .locked, .noProvider, .noBus, .hung, .failed: true
        // A store that was not created has no logins.
        case .ok, .unknown, .notInitialized: false
        }
    }
}
