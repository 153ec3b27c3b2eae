internal import Advice
internal import AgentAPI
internal import Configuration
internal import OAuth
internal import Vault

/// Why a login ended without a token. `failure` is the only place that turns it into text.
enum LoginError: Error {
    case oauth(OAuthFailure)
    /// The provider's error code instead of a token, `bad_response` or `provider_unreachable`.
    case refused(code: String, detail: String?)
    /// The reply to the first poll was `invalid_grant`: the provider does not know the code that it has just issued.
    case codeUnknown(detail: String?)
    /// The user code expired (RFC 8628 §3.5).
    case expired
    /// The response to a login by code was an error of the provider.
    case answered(ProviderError)
    /// No response of the provider arrived at a login by code. `ignored`: why the last other response was not taken.
    case noAnswer(after: Duration, ignored: String?, isRegistered: Bool = false)
    /// The provider refused the code that its own response had.
    case codeRefused(ProviderError)
    /// The provider refused the pushed request of a login by code, which it does not require unless `isRequired`.
    case pushRefused(OAuthFailure, isRequired: Bool)
    /// The code was sent, and the reply did not arrive. A code is sent once (RFC 6749 §4.1.2).
    case codeReplyLost(detail: String)
    case listener(RedirectListenFailure)
    /// The account's settings do not fit the provider, or the grant.
    case unsuitable(problem: String, hint: String)
    case timedOut(after: Duration)
    case cancelled
    case agentStopped
    case locked
    case store(StoreFailure)
    /// The keyring cannot be used, and no other store is configured. `sealed` is the state of the sealed store.
    case noStore(StoreFailure, sealed: StoreState)
    case configuration(ConfigurationError)
    /// The client id is missing, and the provider does not register clients.
    case registration(RegistrationFailure, RegistrationAdvice)
    /// The provider refuses the client that it has registered for this account, now or for an earlier login.
    case registeredClientRefused(ProviderError, isNew: Bool)
    /// The provider does not put the question to the user (OpenID Connect CIBA Core 1.0 §13).
    case questionRefused(ProviderError)
    /// The provider does not list the type of some authorization details; nothing was sent.
    case detailsUnsupported(ProviderError)
    /// The user is not asked on the phone now; nothing was sent.
    case notAsked(detail: String)
    /// The provider issues no token to an account without a person, or was not asked.
    case machine(TokenFailure)
    /// A person approved, but the login is not kept. `end` is what happened to the tokens.
    case discarded(LoginRejection, end: String)

    /// The provider's refusal of a login's first request.
    var refusal: ProviderError? {
        switch self {
        case .oauth(.provider(let error)), .questionRefused(let error), .pushRefused(.provider(let error), _): error
        default: nil
        }
    }

    /// Whether a person has approved, and what came of that is what the user must know.
    var isOfApproved: Bool {
        switch self {
        case .discarded, .codeRefused, .codeReplyLost: true
        default: false
        }
    }

    /// What the user has not done, for each grant.
    private static func what(_ grant: GrantKind?) -> String {
        switch grant {
        case .ciba: "the question on the phone was not answered"
        case .code: "the login was not approved"
        case .device, nil: "the code was not approved"
        }
    }

    private static func questionRefused(_ error: ProviderError, _ account: AccountName, _ again: String) -> LoginFailure
    {
        let refusal = error.backchannelRefusal
        let hint =
            switch refusal {
            case .missingUserCode?, .invalidUserCode?:
                "run 'authagent login \(account) --user-code', which asks for it and does not keep it"
            case nil: again
            case let refusal?: refusal.hint
            }
        return LoginFailure(
            code: error.code, detail: [refusal?.problem, error.detail].compactMap(\.self).joined(separator: ": "),
            hint: hint)
    }

    /// Returns the failure for the client. `hasFile` is whether the account's name alone is enough to try again; `grant`
    /// is `nil` if the login ended before its grant was known.
    func failure(for account: AccountName, hasFile: Bool, grant: GrantKind? = nil) -> LoginFailure {
        let again = hasFile ? "run 'authagent login \(account)' to try again" : "run the same command again"
        switch self {
        case .oauth(let failure): return failure.loginFailure(again: again, by: grant ?? .device)
        case .refused(let code, let detail):
            return LoginFailure(providersCode: code, detail: detail, again: again, by: grant ?? .device)
        case .answered(let error):
            return LoginFailure(providersCode: error.loginCode, detail: error.detail, again: again, by: .code)
        case .codeRefused(let error):
            return LoginFailure(
                code: error.loginCode, detail: "the provider refuses the code that it has just issued: \(error)",
                hint: error.code == "invalid_grant"
                    ? again : LoginFailure(providersCode: error.code, detail: nil, again: again, by: .code).hint)
        case .pushRefused(let failure, let isRequired):
            return failure.pushFailure(again: again, isRequired: isRequired)
        case .codeReplyLost(let detail):
            return LoginFailure(
                code: "reply_lost",
                detail: "the reply to the login's code was lost: \(detail); a code is not sent twice",
                hint: "start again: \(again)")
        case .noAnswer(let limit, let ignored, let isRegistered):
            let other = ignored.map { "; the last other one was not taken: \($0)" } ?? ""
            let client =
                isRegistered
                ? "; if it does not know the client any more, run 'authagent logout \(account) --forget-client' first"
                : ""
            return LoginFailure(
                code: "timeout",
                detail: "no response of the provider arrived within \(limit.components.seconds) s\(other)",
                hint: "\(again); if the provider refused the redirect URI, register it there or give --redirect-uri URI"
                    + client)
        case .listener(let failure): return failure.loginFailure(again: again)
        case .unsuitable(let problem, let hint):
            return LoginFailure(code: Problem.Code.configurationError.rawValue, detail: problem, hint: hint)
        case .codeUnknown(let detail):
            return LoginFailure(
                code: "invalid_grant",
                detail: "the provider does not know the code that it has just issued"
                    + (detail.map { ": \($0)" } ?? ""),
                hint: "\(again); if it stays so, its servers do not share codes with each other: tell the provider"
            )
        case .expired:
            return LoginFailure(code: "expired_token", detail: "\(Self.what(grant)) in time", hint: again)
        case .timedOut(let limit):
            return LoginFailure(
                code: "timeout",
                detail: "\(Self.what(grant)) within \(limit.components.seconds) s",
                hint: again
            )
        case .cancelled: return LoginFailure(code: "cancelled", detail: "the login was cancelled", hint: again)
        case .agentStopped: return LoginFailure(code: "agent_stopped", detail: "the agent is stopping", hint: again)
        case .locked:
            return LoginFailure(
                code: "locked", detail: "the agent was locked", hint: "run 'authagent unlock', then \(again)")
        case .store(let failure):
            let code: Problem.Code = failure.state == .locked ? .storeLocked : .storeUnavailable
            return LoginFailure(code: code.rawValue, detail: failure.detail, hint: StoreAdvice(failure).hint)
        case .noStore(let failure, let sealed):
            let code: Problem.Code = failure.state == .locked ? .storeLocked : .storeUnavailable
            return LoginFailure(
                code: code.rawValue,
                detail: "\(failure.detail) (\(failure.state.rawValue)), and no other store is chosen",
                hint: StoreAdvice(failure, account: account, hasFile: hasFile, sealed: sealed).hint
            )
        case .machine(let failure):
            let problem = Problem(failure, account: account)
            // The provider's own 'login_required' (OpenID Connect Core 1.0 §3.1.2.6) means another thing.
            let code = problem.code == .loginRequired ? problem.reason : nil
            return LoginFailure(
                code: code ?? problem.code.rawValue, detail: problem.detail, hint: problem.hint ?? again)
        case .questionRefused(let error): return Self.questionRefused(error, account, again)
        case .detailsUnsupported(let error):
            return LoginFailure(
                code: error.code, detail: "the provider cannot grant the authorization details: \(error.detail ?? "")",
                hint: "check authorization_details in the account file against the provider's documentation")
        case .notAsked(let detail):
            return LoginFailure(
                code: Problem.Code.tooManyRequests.rawValue, detail: "the user is not asked on the phone: \(detail)",
                hint: "try again later, or have the owner of the agent run 'authagent login \(account)'")
        case .discarded(let login, let end): return login.failure(end: end, again: again)
        case .registration(let failure, let advice):
            return failure.loginFailure(for: account, advice, again: again)
        case .registeredClientRefused(let error, let isNew):
            // Another registration might not be allowed the grant either.
            let other =
                error.code == "unauthorized_client" ? "log in with \(grant == .code ? "--device" : "--code"), or " : ""
            return LoginFailure(
                code: error.code,
                detail: "the provider does not accept the client that it has registered for '\(account)': \(error)",
                hint: other
                    + (isNew
                        ? "give --client-id ID of a client that the provider accepts"
                        : "run 'authagent logout \(account) --forget-client', then log in to register again")
            )
        case .configuration(let error):
            return LoginFailure(
                code: Problem.Code.configurationError.rawValue, detail: error.description, hint: error.hint
            )
        }
    }
}
