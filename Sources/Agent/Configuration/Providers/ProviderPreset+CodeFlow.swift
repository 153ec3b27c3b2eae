internal import OAuth

extension ProviderPreset {
    /// What is known of logins by authorization code at a provider (RFC 8252).
    public struct CodeFlow: Equatable, Sendable {
        /// Whether public clients may use a redirect URI on this machine; `nil` if that is not known.
        public var publicClients: Bool?
        /// The redirect URI to register. With a port where another one would be refused, or may be.
        public var redirectURI: String = CodeFlow.anyPort
        /// Whether a login may use another port than the registered one; `nil` if that is not known.
        public var variablePort: Bool?
        /// More parameters of the authorization request.
        public var parameters: [String: String] = [:]
        /// Whether the provider checks the proof key, although its metadata may not say so.
        public var checksProofKey = false
        /// The members, as `authagent providers` shows them, that were never confirmed with the provider.
        public var unverified: [String] = []

        /// The form of RFC 8252 §7.3.
        static let anyPort = RedirectURI.standard.text
        /// For servers that compare the port as well. Outside of the range that the kernel takes ports from.
        static let onePort = "http://127.0.0.1:8737/callback"
    }

    /// `nil` if nothing is known.
    public var codeFlow: CodeFlow? { Self.codeFlows[name] }

    private static let codeFlows: [String: CodeFlow] = [
        // Its documentation, "OAuth 2.0 for desktop apps": no redirect URI is registered. A refresh token comes with
        // access_type=offline, and again only with a new consent.
        "google": CodeFlow(
            publicClients: true, variablePort: true, parameters: ["access_type": "offline", "prompt": "consent"],
            checksProofKey: true),
        // "Authorizing OAuth apps": the port of a loopback URL may differ; the secret is required for the code.
        "github": CodeFlow(publicClients: false, variablePort: true, checksProofKey: true),
        // "Redirect URI (reply URL) restrictions": the port of localhost is ignored, the path is not.
        "entra": CodeFlow(
            publicClients: true, redirectURI: "http://localhost", variablePort: true, checksProofKey: true),
        // Doorkeeper ignores the port of loopback addresses, but not of localhost.
        "gitlab": CodeFlow(publicClients: true, variablePort: true, checksProofKey: true),
        // As the AWS CLI registers it.
        "aws": CodeFlow(
            publicClients: true, redirectURI: "http://127.0.0.1/oauth/callback", variablePort: true,
            checksProofKey: true,
            unverified: ["authorization_endpoint", "variable_port"]),
        // "Callback URL mismatch": compared exactly.
        "auth0": CodeFlow(
            publicClients: true, redirectURI: CodeFlow.onePort, variablePort: false, checksProofKey: true),
        "huggingface": CodeFlow(
            publicClients: true, redirectURI: CodeFlow.onePort,
            unverified: ["authorization_endpoint", "public_clients"]),
        "salesforce": CodeFlow(redirectURI: CodeFlow.onePort, unverified: ["authorization_endpoint"]),
        "twitch": CodeFlow(publicClients: false, redirectURI: CodeFlow.onePort, unverified: ["public_clients"]),
        "okta": CodeFlow(
            publicClients: true, redirectURI: CodeFlow.onePort, variablePort: false, checksProofKey: true,
            unverified: ["variable_port"]),
        // RedirectUtils: the port of 127.0.0.1 and localhost is left out, that of [::1] is not.
        "keycloak": CodeFlow(publicClients: true, variablePort: true),
        "hydra": CodeFlow(publicClients: true, variablePort: true, unverified: ["variable_port"]),
        "authentik": CodeFlow(
            publicClients: true, redirectURI: CodeFlow.onePort, unverified: ["authorization_endpoint"]),
        "zitadel": CodeFlow(
            publicClients: true, variablePort: true, checksProofKey: true,
            unverified: ["authorization_endpoint", "variable_port"]),
        // Its issue 2390: compared exactly.
        "kanidm": CodeFlow(
            publicClients: true, redirectURI: CodeFlow.onePort, variablePort: false, checksProofKey: true,
            unverified: ["authorization_endpoint"]),
        "dex": CodeFlow(publicClients: true, redirectURI: CodeFlow.onePort, unverified: ["public_clients"]),
        "glewlwyd": CodeFlow(publicClients: true, redirectURI: CodeFlow.onePort, variablePort: false),
        // Its documentation: exact, unless the server has AddAppAuthRedirectUriValidator.
        "duende": CodeFlow(publicClients: true, redirectURI: CodeFlow.onePort, variablePort: false),
        "wso2": CodeFlow(redirectURI: CodeFlow.onePort, unverified: ["authorization_endpoint"]),
        "indigo": CodeFlow(
            publicClients: true, redirectURI: CodeFlow.onePort,
            unverified: ["authorization_endpoint", "public_clients"]),
        // It runs Keycloak.
        "egi": CodeFlow(
            publicClients: true, variablePort: true, unverified: ["authorization_endpoint", "variable_port"]),
        "cilogon": CodeFlow(redirectURI: CodeFlow.onePort, unverified: ["authorization_endpoint"]),
    ]
}
