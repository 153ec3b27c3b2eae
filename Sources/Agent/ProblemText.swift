internal import Accounts
internal import AgentAPI
internal import Vault

/// The words for what can go wrong with a request, each with its remedy.
extension Problem {
    static func unknown(_ account: AccountName) -> Problem {
        Problem(
            .unknownAccount,
            "there is no account '\(account)'",
            hint: "run 'authagent login \(account) --issuer URL --client-id ID'"
        )
    }

    static func configuration(_ error: ConfigurationError) -> Problem {
        Problem(.configurationError, error.description, hint: error.hint)
    }

    static func store(_ failure: StoreFailure) -> Problem {
        Problem(
            failure.state == .locked ? .storeLocked : .storeUnavailable,
            failure.detail,
            hint: StoreAdvice(failure.state).hint,
            reason: failure.state.rawValue
        )
    }

    init(_ failure: TokenFailure, account: AccountName) {
        switch failure {
        case .loginRequired(let reason):
            self.init(
                .loginRequired,
                "\(reason.text) '\(account)'",
                hint: "run 'authagent login \(account)'",
                reason: reason.rawValue
            )
        case .store(let failure): self = .store(failure)
        case .providerUnreachable(let detail):
            self.init(
                .providerUnreachable,
                "the provider of '\(account)' cannot be reached: \(detail)",
                hint: "the login is kept; try again later, or see 'authagent status \(account)'"
            )
        case .providerRejected(let detail):
            self.init(
                .providerRejected,
                "the provider of '\(account)' refused without a reason: \(detail)",
                hint: "the login is kept; try again later, or run 'authagent login \(account)'"
            )
        case .configuration(let detail):
            self.init(
                .configurationError,
                "'\(account)' cannot be refreshed as it is configured: \(detail)",
                hint: "mend it, then run 'authagent reload'"
            )
        case .clientRefused(let code, let detail):
            self.init(
                .providerRejected,
                "the provider refused the client of '\(account)': \(detail ?? code)",
                hint: "check client_id and the client secret, then run 'authagent login \(account)'",
                reason: code
            )
        }
    }
}

extension LoginRequiredReason {
    /// Ends with the account's name.
    fileprivate var text: String {
        switch self {
        case .notLoggedIn: "no login for"
        case .grantExpired: "the provider has ended the login of"
        case .providerRejected: "the provider keeps refusing the login of"
        case .recordUnreadable: "the store's record cannot be read, edited or written by a newer agent, of"
        case .settingsChanged: "the account file now names another issuer or client than the login of"
        case .noRefreshToken: "the token has expired and there is no refresh token for"
        }
    }
}
