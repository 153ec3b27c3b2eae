internal import AgentAPI
internal import Policy

/// The texts of refusals. They hold only what the caller knows: its request and its user. They are the same whether or
/// not the account exists, so that a refused caller cannot probe for account names.
extension Problem {
    init(_ outcome: Verdict.Outcome, _ request: AccessRequest, _ caller: Caller) {
        let of = request.account.map { " of '\($0)'" } ?? ""
        switch outcome {
        case .allowed: preconditionFailure("the outcome is not a refusal")
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
        case .beyondTypes(let types):
            self.init(
                .forbidden,
                "the rules allow nothing\(of) with authorization details of the type"
                    + " '\(types.joined(separator: "', '"))' to this program of user \(caller.user)",
                hint: Self.askWhoRunsIt(request.account, caller), reason: "details_not_allowed"
            )
        case .beyondRoles(let role):
            self.init(
                .forbidden,
                "the rules allow no credentials\(of) of the AWS role '\(role.text)' to this program of user"
                    + " \(caller.user)",
                hint: Self.askWhoRunsIt(request.account, caller), reason: "role_not_allowed"
            )
        case .tooMany(let seconds):
            self.init(
                .tooManyRequests, "user \(caller.user) sends more requests than the rules allow",
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

    /// Whether the refusal is the server's finding about the caller, and not a rule's decision.
    var isAboutCaller: Bool { ["browser", "caller_lost", "foreign_host"].contains(reason) }

    static func lost(_ error: CallerLost) -> Problem {
        Problem(
            .forbidden, "the program that connected \(error.what)",
            hint: "open a new connection from the program that sends the request", reason: "caller_lost"
        )
    }

    /// The problem without texts of files, stores and providers, which only the owner may see.
    var redacted: Problem {
        let reason = reason.flatMap { PublicCodes.reasons.contains($0) ? $0 : nil }
        guard let detail = code.redactedDetail else {
            return Problem(code, self.detail, hint: hint, reason: reason, retryAfter: retryAfter)
        }
        let hint = code == .loginRequired ? RedactedText.loginHint : RedactedText.hint
        return Problem(code, detail, hint: hint, reason: reason, retryAfter: retryAfter)
    }
}

extension Problem.Code {
    /// A generic text; `nil` if the problem's own text concerns only the request.
    var redactedDetail: String? {
        switch self {
        case .badIDToken: "the provider sent an invalid ID token"
        case .configurationError: "the account's configuration is invalid"
        case .internalError: "the agent has an internal error"
        case .loginRequired: "the account requires a new login"
        case .providerChanged: "the provider's metadata has changed since the login"
        case .providerRejected: "the provider rejected the request"
        case .providerUnreachable: "the provider cannot be reached"
        case .scopeNotGranted: "the provider does not grant the requested scope"
        case .storeLocked: "the account's store is locked"
        case .storeUnavailable: "the account's store is unavailable"
        case .noIDToken: "the login has no usable ID token"
        case .ambiguousAccount, .badRequest, .forbidden, .locked, .methodNotAllowed, .noAccountForURL, .notAcceptable,
            .notFound, .timeout, .tooLarge, .tooManyRequests, .unknownAccount, .unsupportedMediaType, .wrongPassphrase:
            nil
        }
    }
}
