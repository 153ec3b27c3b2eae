package import AgentAPI
package import OAuth

/// Hints for errors of a login by code (RFC 6749 §4.1.2.1, RFC 9126 §2.3, OpenID Connect Core 1.0 §3.1.2.6).
enum CodeLoginAdvice {
    /// By the provider's code.
    static func hints(_ again: String) -> [String: String] {
        let page =
            "the provider needs the user at its page: leave out 'prompt' of authorization_parameters, then \(again)"
        let client = "allow the authorization code grant for this client at the provider, or log in with --device"
        let later = "the provider cannot log users in now; \(again) later"
        let push = "\(again); if it stays so, give --no-par, or set 'par = false' in the account file"
        return [
            "login_required": page, "interaction_required": page, "consent_required": page,
            "account_selection_required": page, "unauthorized_client": client, "unsupported_response_type": client,
            "unsupported_grant_type": client, "server_error": later, "temporarily_unavailable": later,
            "invalid_request_uri": push, "invalid_request_object": push,
            "bad_response": "check the token endpoint, then \(again); or log in with --device",
            // It has come to the redirect URI, which is therefore right.
            "invalid_request":
                "check --scope and authorization_parameters against what the provider says, then \(again)",
        ]
    }
}

extension OAuthFailure {
    /// Returns the failure of a login whose pushed request is refused. Careless providers list the endpoint and refuse
    /// public clients there, so the login may work without it.
    package func pushFailure(again: String, isRequired: Bool) -> LoginFailure {
        var failure = loginFailure(again: again, by: .code)
        failure.detail = "the provider refuses the pushed request: \(failure.detail)"
        switch self {
        case .provider(let error) where ["invalid_request", "invalid_redirect_uri"].contains(error.code):
            failure.hint =
                "check the redirect URI that is registered at the provider, and give it with --redirect-uri URI"
        case .badResponse where !isRequired:
            failure.hint = "give --no-par, or set 'par = false' in the account file, then \(again)"
            return failure
        default: break
        }
        if !isRequired { failure.hint += "; or give --no-par, which logs in without the push" }
        return failure
    }
}

extension ProviderError {
    /// The error's code for a login's failure. A code that is the agent's own word means something else there, and would
    /// steer programs by the exit code.
    package var loginCode: String {
        guard let own = Problem.Code(rawValue: code), own != .loginRequired else {
            return ["agent_stopped", "cancelled", "timeout"].contains(code) ? Self.other : code
        }
        return Self.other
    }

    private static let other = Problem.Code.providerRejected.rawValue
}
