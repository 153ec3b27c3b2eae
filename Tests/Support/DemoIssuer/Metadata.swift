import Synchronization

/// The metadata (RFC 8414, OpenID Connect Discovery).
extension DemoIssuer {
    public static let deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"
    public static let cibaGrantType = "urn:openid:params:grant-type:ciba"

    var metadata: [String: Any] {
        let (code, ciba, machines, authentication) = state.withLock {
            ($0.code, $0.ciba, $0.machines, $0.authentication)
        }
        var members: [String: Any] = [
            "issuer": issuer,
            "token_endpoint": issuer + "/token",
            "revocation_endpoint": issuer + "/revocation",
            "jwks_uri": issuer + "/keys",
            "token_endpoint_auth_methods_supported": configuration.authMethods,
        ]
        var grants = ["refresh_token"]
        if configuration.hasDevice {
            grants.append(Self.deviceGrantType)
            members["device_authorization_endpoint"] = issuer + "/device_authorization"
        }
        if let code {
            grants.append("authorization_code")
            members.merge(codeMetadata(code)) { $1 }
        }
        if let ciba {
            grants.append(Self.cibaGrantType)
            members["backchannel_authentication_endpoint"] = issuer + Self.backchannelPath
            members["backchannel_token_delivery_modes_supported"] = ciba.deliveryModes
            members["backchannel_user_code_parameter_supported"] = ciba.userCode != nil
        }
        grants += machines.map { $0.grants.map(\.rawValue).sorted() } ?? []
        members["grant_types_supported"] = grants
        if !authentication.levels.isEmpty { members["acr_values_supported"] = authentication.levels }
        members["authorization_details_types_supported"] = configuration.detailTypes
        members["token_endpoint_auth_signing_alg_values_supported"] = configuration.assertionAlgorithms
        if configuration.registration != nil { members["registration_endpoint"] = issuer + Self.registrationPath }
        return members
    }

    private func codeMetadata(_ rules: CodeRules) -> [String: Any] {
        var members: [String: Any] = [
            "authorization_endpoint": issuer + Self.authorizationPath, "response_types_supported": ["code"],
        ]
        members["code_challenge_methods_supported"] = rules.challengeMethods
        members["authorization_response_iss_parameter_supported"] = rules.claimsIssuer
        if rules.pushed != .none { members["pushed_authorization_request_endpoint"] = issuer + Self.pushedPath }
        if rules.pushed == .required { members["require_pushed_authorization_requests"] = true }
        return members
    }
}
