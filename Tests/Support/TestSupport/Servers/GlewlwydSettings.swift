import Foundation

/// What Glewlwyd's administrator would set: its OpenID Connect plugin, and clients.
struct GlewlwydSettings {
    let issuer: String
    let options: Glewlwyd.Options

    func plugin(key: String, publicKey: String) -> [String: Any] {
        let parameters: [String: Any] = [
            "iss": issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": key, "cert": publicKey,
            "allow-non-oidc": true, "jwks-show": true, "scope": [],
            "code-duration": 600, "refresh-token-duration": 1_209_600,
            "access-token-duration": options.accessTokenLifetime,
            "auth-type-client-enabled": true, "auth-type-code-enabled": true, "auth-type-device-enabled": true,
            "auth-type-refresh-enabled": true, "auth-type-token-enabled": false, "auth-type-implicit-enabled": false,
            "auth-type-password-enabled": false,
            "refresh-token-rolling": true, "refresh-token-one-use": options.oneUseRefreshTokens ? "always" : "never",
            "device-authorization-expiration": 600, "device-authorization-interval": options.interval,
            "introspection-revocation-allowed": true, "introspection-revocation-allow-target-client": true,
            "register-client-allowed": true, "register-client-management-allowed": true,
            "register-client-auth-scope": [String](), "register-client-credentials-scope": ["g_profile"],
            "register-default-properties": [String: String](),
        ]
        return [
            "module": "oidc", "name": "oidc", "display_name": "oidc", "enabled": true,
            "parameters": parameters.merging(codeParameters) { $1 }.merging(cibaParameters) { $1 }
                .merging(proofParameters) { $1 },
        ]
    }

    /// PKCE, pushed requests, `iss` in responses, and `authorization_details` of the type `payment`.
    private var codeParameters: [String: Any] {
        [
            "pkce-allowed": true, "pkce-method-plain-allowed": false, "pkce-required-public-client": true,
            "oauth-as-iss-id": true,
            "oauth-par-allowed": true, "oauth-par-required": false, "oauth-par-duration": 90,
            "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:",
            "oauth-rar-allowed": true, "rar-types-client-property": "authorization_details_types",
            "rar-allow-auth-unsigned": true, "rar-allow-auth-unencrypted": true,
            "rar-types": [
                "payment": [
                    "description": "payments", "actions": ["read", "pay"], "scopes": [String](),
                    "locations": [String](), "datatypes": [String](), "enriched": [String](),
                ] as [String: Any]
            ],
        ]
    }

    private var cibaParameters: [String: Any] {
        [
            "oauth-ciba-allowed": true, "oauth-ciba-mode-poll-allowed": true, "oauth-ciba-mode-ping-allowed": false,
            "oauth-ciba-mode-push-allowed": false, "oauth-ciba-user-code-allowed": false,
            "oauth-ciba-email-allowed": false, "oauth-ciba-default-expiry": 120, "oauth-ciba-maximum-expiry": 600,
        ]
    }

    /// Signed assertions, and certificates of the TLS session.
    private var proofParameters: [String: Any] {
        var parameters: [String: Any] = [
            "request-parameter-allow": true, "request-maximum-exp": 120, "client-pubkey-parameter": "pubkey",
        ]
        if options.tls != nil {
            parameters["client-cert-source"] = "TLS"
            parameters["client-cert-use-endpoint-aliases"] = false
        }
        return parameters
    }

    var clients: [[String: Any]] {
        let confidential: [String: Any] = [
            "confidential": true, "password": "s3cret", "client_secret": "s3cret",
            "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
        ]
        let code: [String: Any] = [
            "redirect_uri": options.redirectURIs, "authorization_details_types": ["payment"],
            "backchannel_token_delivery_mode": "poll",
        ]
        let device = ["device_authorization", "refresh_token"]
        return [
            client("tv", device, ["confidential": false]), client("server", device, confidential),
            client("app", ["code", "refresh_token"], code.merging(["confidential": false]) { $1 }),
            client(
                "bank", ["code", "refresh_token", "urn:openid:params:grant-type:ciba"],
                code.merging(confidential) { $1 }),
        ] + machines(confidential)
    }

    /// The clients of the client credentials grant. Each has the scope `g_profile` itself, and must request it.
    private func machines(_ secret: [String: Any]) -> [[String: Any]] {
        let types = ["client_credentials"]
        let scope: [String: Any] = ["scope": ["g_profile"], "confidential": true]
        var clients = [client("robot", types, scope.merging(secret) { $1 })]
        if let key = options.publicKey {
            let proof: [String: Any] = ["token_endpoint_auth_method": ["private_key_jwt"], "pubkey": key]
            clients.append(client("keyed", types, scope.merging(proof) { $1 }))
        }
        if options.tls != nil {
            // Debian's database does not keep `tls_client_auth_subject_dn`.
            let proof: [String: Any] = [
                "token_endpoint_auth_method": ["tls_client_auth"], "tls_client_auth_san_dns": Glewlwyd.certifiedName,
            ]
            clients.append(client("certified", types, scope.merging(proof) { $1 }))
        }
        return clients
    }

    private func client(_ name: String, _ types: [String], _ more: [String: Any]) -> [String: Any] {
        let members: [String: Any] = [
            "client_id": name, "name": name.capitalized, "enabled": true, "scope": [String](),
            "authorization_type": types,
        ]
        return members.merging(more) { $1 }
    }
}
