internal import AgentAPI

/// The codes and reasons that the agent or an RFC defines. Any other is the provider's own error code, which may hold
/// information for the owner only.
enum PublicCodes {
    /// Replaces an unknown code.
    static let otherCode = Problem.Code.providerRejected.rawValue

    static let codes = Set(Problem.Code.allCases.map(\.rawValue)).union(oauth).union([
        "agent_stopped", "bad_response", "cancelled", "ciba_unsupported", "code_flow_unsupported",
        "device_flow_unsupported", "issuer_mismatch", "reply_lost", "registration_refused", "registration_unsupported",
        "step_up_unmet", "subject_login_required", "wrong_subject",
    ])

    static let reasons = Set(StoreState.allCases.map(\.rawValue)).union(oauth).union([
        "caller_lost", "details_not_allowed", "no_allowed_scope", "no_expiry", "not_confirmed", "only_aws_roles",
        "role_not_allowed",
        "scope_not_allowed",
        "settings_not_allowed", "target_not_allowed", "token_not_allowed",
        // Why a login is required.
        "not_logged_in", "rotation_lost", "provider_rejected", "record_unreadable", "settings_changed",
        "client_expired", "no_refresh_token", "subject_login_required", "interaction_required", "renewal_pending",
        "step_up_required",
        // Beside the account's login.
        "elevated",
        // Why an account without a person gets no token.
        "bad_response", "subject_failed",
        // Why an account is locked.
        "requested", "idle", "lifetime",
        // Why a token for a target, or an ID token, is missing.
        "details_not_granted", "narrower", "refused", "too_many_refused", "not_issued", "expired", "unverified",
        "untimely", "invalid",
        "wrong_subject", "issuer_changed", "subject_changed", "audience_changed",
        // Why there are no events.
        "other_agent", "too_old",
    ])

    /// RFC 6749 §5.2 and §4.1.2.1, RFC 8628 §3.5, RFC 8707 §2, RFC 9396 §5, RFC 9449 §5 and §8, RFC 9470 §5, OpenID
    /// Connect Core 1.0 §3.1.2.6.
    private static let oauth: Set<String> = [
        "access_denied", "authorization_pending", "expired_token", "slow_down", "invalid_client", "invalid_grant",
        "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type", "server_error",
        "temporarily_unavailable", "invalid_target", "invalid_dpop_proof", "use_dpop_nonce",
        "invalid_authorization_details",
        // OpenID Connect Core 1.0 §3.1.2.6.
        "account_selection_required", "consent_required", "interaction_required", "login_required",
        "unmet_authentication_requirements", "unsupported_response_type",
    ]
}
