internal import AgentAPI
internal import Vault

/// What a provider's refusal means for an account without a person. It is never a login that is missing.
extension Problem {
    init(_ refusal: GrantRefusal, account: AccountName) {
        let (code, hint): (Code, String) =
            switch refusal.code {
            case "invalid_client":
                (
                    .configurationError,
                    "check client_id and the client's secret, key or assertion; a server that wants another audience"
                        + " of assertions needs assertion_audience in the account file"
                )
            case "unauthorized_client", "unsupported_grant_type":
                (.providerRejected, "allow the grant '\(refusal.grant.rawValue)' for this client at the provider")
            case "invalid_scope":
                (.providerRejected, "check scopes in the account file: the provider does not grant these")
            case "invalid_target":
                (.providerRejected, "check audience and resources in the account file")
            case "invalid_grant", "invalid_request":
                (.providerRejected, Self.hint(onToken: refusal.grant))
            case GrantRefusal.sourceFailed:
                (.providerRejected, "repair the account that is named, then try again")
            case "bad_response":
                (.providerRejected, "check the token endpoint and requested_token_type in the account file")
            case nil:
                (
                    .providerRejected,
                    "check client_id, the client's secret, key or certificate, and scopes: some servers refuse without"
                        + " a reason"
                )
            case let code?: (.providerRejected, "see what the provider's documentation says about '\(code)'")
            }
        self.init(
            code, "the provider of '\(account)' issues no token: \(refusal.detail)",
            hint: "\(hint); 'authagent login \(account)' tries it at once", reason: refusal.code)
    }

    private static func hint(onToken grant: MachineGrant) -> String {
        switch grant {
        case .clientCredentials: "check scopes, audience and resources in the account file"
        case .jwtBearer:
            "check this machine's clock, the assertion's issuer, subject and audience (assertion_audience), and that the"
                + " key is registered at the provider"
        case .tokenExchange:
            "check that the provider takes the subject's token (subject_token, its audience, and DPoP, which binds it to"
                + " one client), and audience, resources and requested_token_type"
        }
    }

    static func subjectLoginRequired(_ source: AccountName, for account: AccountName) -> Problem {
        Problem(
            .loginRequired, "the tokens of '\(account)' are made from those of '\(source)', which needs a login",
            hint: "run 'authagent login \(source)'", reason: subjectLoginRequired)
    }
}
