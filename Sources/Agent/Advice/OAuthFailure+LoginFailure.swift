package import AgentAPI
package import OAuth

extension OAuthFailure {
    /// `grant`: by which the login was tried.
    package func loginFailure(again: String, by grant: GrantKind = .device) -> LoginFailure {
        switch self {
        case .transport(.tls):
            LoginFailure(
                code: Problem.Code.providerUnreachable.rawValue,
                detail: description,
                hint: "check the issuer's certificate; add a private CA to 'ca_file' of authagent.toml"
            )
        case .transport:
            LoginFailure(
                code: Problem.Code.providerUnreachable.rawValue,
                detail: description,
                hint: "check the issuer's URL and the network, then \(again)"
            )
        case .provider(let error):
            LoginFailure(providersCode: error.code, detail: error.detail, again: again, by: grant)
        case .client(let failure):
            LoginFailure(
                code: Problem.Code.configurationError.rawValue, detail: failure.problem, hint: failure.hint
            )
        case .issuerMismatch:
            LoginFailure(
                code: "issuer_mismatch",
                detail: description,
                hint: "give the issuer exactly as the provider writes it, or give the endpoints"
            )
        case .deviceFlowUnsupported:
            LoginFailure(
                code: "device_flow_unsupported",
                detail: description,
                hint:
                    "enable the device authorization grant at the provider, give --device-endpoint, or log in with --code"
            )
        case .codeFlowUnsupported:
            LoginFailure(
                code: "code_flow_unsupported",
                detail: description,
                hint: "check the provider's documentation, give --authorization-endpoint, or log in with --device"
            )
        case .backchannelUnsupported:
            LoginFailure(
                code: "ciba_unsupported",
                detail: description,
                hint: "enable CIBA with the poll mode at the provider, or log in with --code or --device"
            )
        case .badResponse, .noTokenEndpoint, .foreignHost:
            LoginFailure(
                code: "bad_response",
                detail: description,
                hint: "check the issuer's URL; is it an authorization server?"
            )
        }
    }
}

extension LoginFailure {
    /// Creates the failure for a provider's error code. `again` is the hint to repeat the login.
    package init(providersCode code: String, detail: String?, again: String, by grant: GrantKind = .device) {
        let hint =
            switch code {
            case _ where grant == .code && CodeLoginAdvice.hints(again)[code] != nil:
                CodeLoginAdvice.hints(again)[code] ?? again
            case _ where ProofKey.isBlamed(in: detail):
                "give --pkce, or set 'pkce = true' in the account file, then \(again)"
            case "access_denied": "the request was declined; \(again)"
            case "expired_token": again
            case "invalid_client":
                "check --client-id, and the client's secret or key if it has one; a server that does not decode HTTP"
                    + " Basic needs --client-auth client_secret_post, and one that wants another audience of signed"
                    + " assertions --assertion-audience"
            case "unauthorized_client", "unsupported_grant_type":
                "allow the device authorization grant for this client at the provider, or log in with --code"
            case "invalid_scope": "check --scope: the provider does not grant the requested scope"
            // RFC 9470 §5.
            case "unmet_authentication_requirements":
                "the provider cannot authenticate you as demanded: set up the factor there, or demand another --acr or"
                    + " --max-age; then \(again)"
            // OpenID Connect Core 1.0 §3.1.2.6.
            case "login_required", "interaction_required", "account_selection_required", "consent_required":
                "the provider wants you to act in the browser that approves, and did not let you: sign in there, then"
                    + " \(again)"
            case "invalid_target": "check --audience and --resource: the provider does not know that target"
            case "bad_response", "device_flow_unsupported":
                "check the token endpoint; the provider may not support the device grant"
            case "provider_unreachable":
                "check the provider's certificate; add a private CA to 'ca_file' of authagent.toml"
            default: "see what the provider's documentation says about '\(code)'"
            }
        self.init(code: code, detail: detail ?? "the provider answered \(code)", hint: hint)
    }
}
