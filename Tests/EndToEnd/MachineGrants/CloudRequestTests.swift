import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// What the presets of clouds send, as authagent-federation(7) describes it: to the demo issuer instead of the cloud.
@Suite(.timeLimit(.minutes(5)))
struct CloudRequestTests {
    private static let cluster = "https://cluster.example"
    private static let subject = "system:serviceaccount:default:robot"

    /// A home whose account `cloud` has a preset, and the demo issuer's token endpoint.
    private func cloud(
        _ demo: DemoMachines, _ provider: String, _ lines: String...
    ) throws {
        try demo.home.files.file(
            "config/authagent/accounts/cloud.toml",
            (["provider = \"\(provider)\"", "store = \"memory\"", "token_endpoint = \"\(demo.issuer.issuer)/token\""]
                + lines).joined(separator: "\n") + "\n")
    }

    /// The form of the one token request.
    private func form(_ demo: DemoMachines) async throws -> [String: String] {
        let result = try await demo.home.authagent("token", "cloud")
        #expect(result.status == 0, "\(result.errors)\(demo.home.log)")
        let requests = demo.issuer.log.filter { $0.endpoint == .token }
        #expect(requests.count == 1 && requests.first?.authorization == nil)
        return try #require(requests.first?.form)
    }

    private func clusterToken(_ signer: TokenSigner, _ demo: DemoMachines, audience: String) throws -> String {
        let now = Int(Date().timeIntervalSince1970)
        let token = try signer.token([
            "iss": "\"\(Self.cluster)\"", "sub": "\"\(Self.subject)\"", "aud": "[\"\(audience)\"]", "iat": "\(now)",
            "exp": "\(now + 600)",
        ])
        return try demo.home.files.file("token", token, mode: 0o644)
    }

    @Test("Google, federation: the exchange has each required parameter, and no client")
    func googleFederation() async throws {
        let signer = try TokenSigner("RS256")
        let set = try TokenSigner.keySet(signer)
        let demo = try await DemoMachines { configuration in
            configuration.machines?.assertionIssuers = [Self.cluster: set]
            configuration.machines?.needsClient = false
        }
        let pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x"
        let file = try clusterToken(signer, demo, audience: "https:" + pool)
        try cloud(demo, "google-federation", "subject_token_file = \"\(file)\"", "audience = \"\(pool)\"")
        var form = try await form(demo)
        #expect(form.removeValue(forKey: "subject_token") != nil)
        #expect(
            form == [
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": pool,
                "scope": "https://www.googleapis.com/auth/cloud-platform",
                "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            ])
    }

    @Test("Google, service account: the JSON key file as it is; scopes and issuer are in the assertion")
    func googleServiceAccount() async throws {
        let key = try TestKeys.p256WithSet()
        let email = "robot@project.iam.gserviceaccount.example"
        let demo = try await DemoMachines { $0.machines?.assertionIssuers = [email: key.set] }
        let members = [
            "type": "service_account", "project_id": "project", "private_key_id": "k1", "private_key": key.file,
            "client_email": email, "token_uri": demo.issuer.issuer + "/token",
        ]
        let json = String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
        let file = try demo.home.files.file("key.json", json)
        // Google takes an assertion without `sub`, the demo issuer does not.
        try cloud(
            demo, "google", "grant = \"jwt_bearer\"", "client_key_file = \"\(file)\"", "assertion_subject = \"ann\"",
            "scopes = [\"https://www.googleapis.com/auth/cloud-platform\"]")
        let form = try await form(demo)
        #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" && form["client_id"] == nil)
        let claims = try claims(of: form["assertion"])
        #expect(claims["iss"] as? String == email && claims["aud"] as? String == demo.issuer.issuer + "/token")
        #expect(claims["scope"] as? String == "https://www.googleapis.com/auth/cloud-platform")

        let other = json.replacing("127.0.0.1", with: "127.0.0.2")
        try demo.home.files.file("key.json", other)
        let refused = try await demo.home.authagent("token", "cloud", "--renew")
        #expect(refused.status == 1 && refused.errors.contains("127.0.0.2"), "\(refused.errors)")
        #expect(demo.issuer.count(.jwtBearer) == 1, "the key's assertion goes to no other server")
    }

    @Test("Entra, federated credential: the cluster's token is the client's assertion, and the scope the API's")
    func entra() async throws {
        let signer = try TokenSigner("RS256")
        let federation = DemoIssuer.Federation(
            issuer: Self.cluster, subject: Self.subject, audience: "api://AzureADTokenExchange", client: "app-id",
            keySet: try TokenSigner.keySet(signer))
        let demo = try await DemoMachines { $0.machines?.federations = [federation] }
        let file = try clusterToken(signer, demo, audience: "api://AzureADTokenExchange")
        try cloud(
            demo, "entra", "tenant = \"t\"", "client_id = \"app-id\"", "grant = \"client_credentials\"",
            "client_assertion_file = \"\(file)\"", "scopes = [\"https://graph.microsoft.com/.default\"]")
        var form = try await form(demo)
        #expect(form.removeValue(forKey: "client_assertion") != nil)
        form["client_id"] = nil
        #expect(
            form == [
                "grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ])
    }

    @Test("Salesforce: an assertion for the login server, of three minutes at most")
    func salesforce() async throws {
        let key = try TestKeys.p256WithSet()
        let demo = try await DemoMachines { configuration in
            configuration.machines?.assertionIssuers = ["consumer": key.set]
            configuration.machines?.assertionAudiences = ["https://login.salesforce.com"]
            configuration.machines?.longestAssertion = 180
            configuration.machines?.reply.hasLifetime = false
        }
        let file = try demo.home.files.file("key.pem", key.file)
        try cloud(
            demo, "salesforce", "client_id = \"consumer\"", "grant = \"jwt_bearer\"", "client_key_file = \"\(file)\"",
            "assertion_subject = \"ann@example.com\"")
        let form = try await form(demo)
        #expect(try claims(of: form["assertion"])["sub"] as? String == "ann@example.com")
        #expect(form["scope"] == nil)
    }

    private func claims(of token: String?) throws -> [String: Any] {
        let payload = try #require(token?.split(separator: ".").dropFirst().first)
        let plain = payload.replacing("-", with: "+").replacing("_", with: "/")
        let data = try #require(Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)))
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}
