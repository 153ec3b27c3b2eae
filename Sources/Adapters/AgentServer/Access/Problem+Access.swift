internal import AgentAPI
internal import Policy

/// The words of a refusal. They say what the caller knows anyway: what was asked for, and by whom. Whether there is an
/// account of that name makes no difference to them.
extension Problem {
    init(_ outcome: Verdict.Outcome, _ request: AccessRequest, _ caller: Caller) {
        let of = request.account.map { " of '\($0)'" } ?? ""
        switch outcome {
        case .allowed: preconditionFailure("this is no refusal")
        case .refused(let permission):
            self.init(
                .forbidden, "no rule allows '\(permission.rawValue)'\(of) to this program of user \(caller.user)",
                hint: Self.askWhoRunsIt(request.account, caller)
            )
        case .beyond(let scopes):
            self.init(
                .forbidden,
                "the rules allow nothing\(of) with the scope '\(scopes.joined(separator: " "))' to this program of"
                    + " user \(caller.user)",
                hint: Self.askWhoRunsIt(request.account, caller), reason: "scope_not_allowed"
            )
        case .tooMany(let seconds):
            self.init(
                .tooManyRequests, "user \(caller.user) asks more often than the rules allow",
                hint: "try again in \(seconds) s", retryAfter: seconds
            )
        }
    }

    private static func askWhoRunsIt(_ account: AccountName?, _ caller: Caller) -> String {
        // unix(7): the kernel gives a process of another PID namespace the number 0.
        guard caller.pid > 0 else {
            return "the caller is not visible from the agent's container: run both in one PID namespace, or have"
                + " the rule name its user"
        }
        return "the owner of the agent sees why with 'authagent policy check --as-pid \(caller.pid)"
            + " \(account?.description ?? "NAME")'"
    }

    /// Whether it is the agent's own finding about who asks, and not a rule's decision.
    var isAboutCaller: Bool { ["browser", "caller_lost", "foreign_host"].contains(reason) }

    static func lost(_ error: CallerLost) -> Problem {
        Problem(
            .forbidden, "the program that connected \(error.what)",
            hint: "connect anew from the program that asks", reason: "caller_lost"
        )
    }

    /// The same without the words of files, stores and providers, which are for the agent's own user.
    var forStrangers: Problem {
        let reason = reason.flatMap { KnownWords.reasons.contains($0) ? $0 : nil }
        guard let detail = code.detailForStrangers else {
            return Problem(code, self.detail, hint: hint, reason: reason, retryAfter: retryAfter)
        }
        let hint = code == .loginRequired ? ForStrangers.loginHint : ForStrangers.hint
        return Problem(code, detail, hint: hint, reason: reason, retryAfter: retryAfter)
    }
}

extension Problem.Code {
    /// Nil where the problem's own words are about the request only.
    var detailForStrangers: String? {
        switch self {
        case .badIDToken: "the provider has sent an ID token that is refused"
        case .configurationError: "the account is not configured as it should be"
        case .internalError: "something is wrong with the agent"
        case .loginRequired: "the account needs a login by a person"
        case .providerChanged: "the provider is not what it was at the login"
        case .providerRejected: "the provider has refused"
        case .providerUnreachable: "the provider cannot be reached"
        case .scopeNotGranted: "the provider does not grant what was asked for"
        case .storeLocked: "the store that keeps the login is locked"
        case .storeUnavailable: "the store that keeps the login is out of reach"
        case .noIDToken: "the login has no ID token that can be given out"
        case .badRequest, .forbidden, .locked, .methodNotAllowed, .notAcceptable, .notFound, .timeout,
            .tooLarge, .tooManyRequests, .unknownAccount, .unsupportedMediaType, .wrongPassphrase:
            nil
        }
    }
}
