package import AgentAPI
package import Configuration
package import Vault

/// The words for what can go wrong with a request, each with its remedy.
extension Problem {
    package static func unknown(_ account: AccountName) -> Problem {
        Problem(
            .unknownAccount,
            "there is no account '\(account)'",
            hint: "run 'authagent login \(account) --issuer URL --client-id ID'"
        )
    }

    package static func moving(_ account: AccountName) -> Problem {
        Problem(
            .tooManyRequests, "'\(account)' is being moved into another store", hint: "try again in a minute"
        )
    }

    package static func configuration(_ error: ConfigurationError) -> Problem {
        Problem(.configurationError, error.description, hint: error.hint)
    }

    package static func store(_ failure: StoreFailure) -> Problem {
        Problem(
            failure.state == .locked ? .storeLocked : .storeUnavailable,
            failure.detail,
            hint: StoreAdvice(failure).hint,
            reason: failure.state.rawValue
        )
    }

    package init(_ failure: TokenFailure, account: AccountName) {
        switch failure {
        case .loginRequired(let reason):
            self.init(
                .loginRequired,
                "\(reason.text) '\(account)'",
                hint: "run 'authagent login \(account)'",
                reason: reason.rawValue
            )
        case .loginDemanded(let reason, let detail):
            self.init(
                .loginRequired, "\(reason.text) '\(account)': \(detail)",
                hint: "run 'authagent login \(account)'; until then it is tried again now and then",
                reason: reason.rawValue
            )
        case .locked(let reason):
            self.init(
                .locked, reason.text(account), hint: "run 'authagent unlock'", reason: reason.rawValue
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
        case .identityRefused(let refusal):
            self.init(
                .badIDToken,
                "a renewal of '\(account)' brought an ID token that is refused: \(refusal.detail)",
                hint: "the login is kept; run 'authagent login \(account)' to log in again",
                reason: refusal.reason.rawValue
            )
        case .noIDToken(let why): self.init(why, account: account)
        case .targetRefused(let refusal): self.init(refusal, account: account)
        case .providerChanged(let detail):
            self.init(
                .providerChanged,
                "the provider of '\(account)' is not what it was at the login: \(detail)",
                hint: "if you know that it has moved, run 'authagent login \(account)'"
            )
        case .clientRefused(let code, let detail) where code == "invalid_target":
            self.init(
                .providerRejected,
                "the provider gives no token for the audience or the resources of '\(account)': \(detail ?? code)",
                hint: "check audience and resources in the account file, then run 'authagent login \(account)'",
                reason: code
            )
        case .clientRefused(let code, let detail):
            self.init(
                .providerRejected,
                "the provider refused the client of '\(account)': \(detail ?? code)",
                hint: "check client_id and the client's secret or key, then run 'authagent login \(account)'",
                reason: code
            )
        }
    }
}

extension Problem {
    private init(_ why: NoIDToken, account: AccountName) {
        let (reason, detail, hint) =
            switch why {
            case .notIssued:
                (
                    "not_issued", "the provider has sent no ID token for '\(account)'",
                    "run 'authagent login \(account) --scope openid', with the other scopes that are needed"
                )
            case .expired:
                (
                    "expired", "the ID token of '\(account)' has expired, and the provider renews none",
                    "run 'authagent login \(account)'"
                )
            case .unverified(let detail):
                (
                    "unverified", "the ID token of '\(account)' cannot be checked: \(detail)",
                    "access tokens are not affected; try again in a minute"
                )
            case .untimely(let detail):
                (
                    "untimely", "the ID token of '\(account)' is out of its time: \(detail)",
                    "check this machine's clock; access tokens are not affected"
                )
            }
        self.init(.noIDToken, detail, hint: hint, reason: reason)
    }
}

extension LockReason {
    fileprivate func text(_ account: AccountName) -> String {
        switch self {
        case .requested: "the agent is locked, and '\(account)' with it"
        case .idle: "'\(account)' is locked, because nobody has asked for it for as long as lock_after says"
        case .lifetime: "'\(account)' is locked, because the lifetime of its account file is over"
        }
    }
}

extension LoginRequiredReason {
    /// Ends with the account's name.
    fileprivate var text: String {
        switch self {
        case .notLoggedIn: "no login for"
        case .grantExpired: "the provider has ended the login of"
        case .rotationLost: "a refresh was never answered, and the provider has ended the login of"
        case .interactionRequired: "the provider wants a person to sign in or consent again for the login of"
        case .providerRejected: "the provider keeps refusing the login of"
        case .recordUnreadable:

            "the store's record cannot be read, because it is edited, older than one before, or a newer agent's, of"
        case .settingsChanged: "the account file now names another issuer, client or subject than the login of"
        case .clientExpired: "the client that the provider had registered has expired, and with it the login of"
        case .noRefreshToken: "the token has expired and there is no refresh token for"
        }
    }
}
