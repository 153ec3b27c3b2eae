package import AgentAPI
package import Configuration
package import OAuth

/// The facts about an account whose registration fails, for the hint.
package struct RegistrationAdvice {
    /// The hint to continue with a client that was registered by hand.
    package var byHand: String
    package var hasInitialToken: Bool

    package init(_ settings: AccountSettings, hasInitialToken: Bool) {
        byHand = settings.clientIDHint
        self.hasInitialToken = hasInitialToken
    }
}

extension RegistrationFailure {
    package func loginFailure(for account: AccountName, _ advice: RegistrationAdvice, again: String) -> LoginFailure {
        switch self {
        case .transport(let failure): OAuthFailure.transport(failure).loginFailure(again: again)
        case .badResponse(let detail):
            LoginFailure(
                code: "bad_response", detail: "the registration's reply cannot be used: \(detail)", hint: advice.byHand
            )
        case .unsupported(let detail):
            LoginFailure(
                code: "registration_unsupported", detail: "'\(account)' has no client id, and \(detail)",
                hint: advice.byHand
            )
        case .noDeviceGrant(let detail):
            LoginFailure(code: "device_flow_unsupported", detail: detail, hint: advice.byHand)
        case .noGrant(let detail):
            LoginFailure(code: "grant_unsupported", detail: detail, hint: advice.byHand)
        case .refused(let detail, let status):
            LoginFailure(
                code: "registration_refused",
                detail: "'\(account)' has no client id, and registering one failed: \(detail)",
                hint: hint(status: status, advice)
            )
        }
    }

    /// RFC 7591 §3: the server decides who may register. A server that requires a token answers as in RFC 6750 §3.1.
    private func hint(status: Int?, _ advice: RegistrationAdvice) -> String {
        guard status == 401 || status == 403 else { return advice.byHand }
        return advice.hasInitialToken
            ? "check the token in --registration-token-file, or \(advice.byHand)"
            : "give --registration-token-file FILE if the provider issues such tokens, or \(advice.byHand)"
    }
}
