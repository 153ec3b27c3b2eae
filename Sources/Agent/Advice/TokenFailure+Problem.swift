package import AgentAPI
package import Configuration
package import Vault

/// The problems of token requests, each with its hint.
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
            .tooManyRequests, "'\(account)' is being moved to another store", hint: "try again in a minute"
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
                hint: reason == .renewalPending
                    ? "approve it on the phone; 'authagent login \(account)' shows what the phone shows"
                    : "run 'authagent login \(account)'",
                reason: reason.rawValue
            )
        case .loginDemanded(let reason, let detail):
            self.init(
                .loginRequired, "\(reason.text) '\(account)': \(detail)",
                hint: "run 'authagent login \(account)'; until then the agent retries from time to time",
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
        case .grantRefused(let refusal): self.init(refusal, account: account)
        case .subjectLoginRequired(let source): self = .subjectLoginRequired(source, for: account)
        case .abandoned:
            self.init(.timeout, "the client did not wait for the token of '\(account)'", hint: "try again")
        case .configuration(let detail):
            self.init(
                .configurationError,
                "the configuration of '\(account)' does not allow a refresh: \(detail)",
                hint: "correct it, then run 'authagent reload'"
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
                hint: "if the provider has moved, run 'authagent login \(account)'"
            )
        case .clientRefused(let code, let detail) where code == "invalid_target":
            self.init(
                .providerRejected,
                "the provider issues no token for the audience or the resources of '\(account)': \(detail ?? code)",
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
                    "expired", "the ID token of '\(account)' has expired, and the provider does not renew it",
                    "run 'authagent login \(account)'"
                )
            case .unverified(let detail):
                (
                    "unverified", "the ID token of '\(account)' cannot be verified: \(detail)",
                    "access tokens are not affected; try again in a minute"
                )
            case .untimely(let detail):
                (
                    "untimely", "the ID token of '\(account)' is outside its validity period: \(detail)",
                    "check this machine's clock; access tokens are not affected"
                )
            }
        self.init(.noIDToken, detail, hint: hint, reason: reason)
    }
}

extension LockReason {
    fileprivate func text(_ account: AccountName) -> String {
        switch self {
        case .requested: "the agent and its account '\(account)' are locked"
        case .idle: "'\(account)' is locked: it was idle for the time in lock_after"
        case .lifetime: "'\(account)' is locked: its lifetime has ended"
        }
    }
}

extension LoginRequiredReason {
    /// The reason, to be followed by the account's name.
    fileprivate var text: String {
        switch self {
        case .notLoggedIn: "no login for"
        case .grantExpired: "the provider has ended the login of"
        case .rotationLost: "a refresh was never answered, and the provider has ended the login of"
        case .interactionRequired: "the provider wants a person to sign in or consent again for the login of"
        case .providerRejected: "the provider keeps refusing the login of"
        case .recordUnreadable:

            "the store's record cannot be read, as it was edited, is an older copy or was written by a newer agent:"
        case .settingsChanged: "the account file now names another issuer, client or subject than the login of"
        case .clientExpired: "the client that the provider had registered has expired, and with it the login of"
        case .renewalPending: "the agent has asked on the phone to renew the login of"
        case .noRefreshToken: "the token has expired and there is no refresh token for"
        }
    }
}
