import OAuth
import Testing

/// Microsoft Entra's tenants, which can be requested by other names than their ids.
struct EntraIssuerTests {
    private static let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
    private static let personal = "9188040d-6c67-4c5b-b112-36a304b66dad"

    @Test(
        "M1: an Entra tenant named by domain, upper-case id or 'consumers' matches its id",
        arguments: [
            ("contoso.com", tenant), ("contoso.onmicrosoft.com", tenant), (tenant.uppercased(), tenant),
            ("consumers", personal),
        ])
    func entraTenant(asked: String, tenant: String) async throws {
        func entra(_ tenant: String) -> String { "https://login.microsoftonline.com/\(tenant)/v2.0" }
        func metadata(_ asked: String, _ found: String) async throws -> ServerMetadata {
            let transport = ScriptedTransport(HTTPResponse(200, #"{"issuer":"\#(found)"}"#))
            return try await Discovery(transport: transport).metadata(for: try Issuer(parsing: asked))
        }
        let found = try await metadata(entra(asked), entra(tenant))
        #expect(found.tokenIssuer == .exact(try Issuer(parsing: entra(tenant))))
        #expect(found.tokenIssuer.matches(entra(tenant), tenant: tenant))
        #expect(!found.tokenIssuer.matches(entra(asked), tenant: asked))
        let other = "11111111-2222-3333-4444-555555555555"
        #expect(!found.tokenIssuer.matches(entra(other), tenant: other))
        #expect(TokenIssuer.mayIssue(entra(tenant), tenant: tenant, issuer: try Issuer(parsing: entra(asked))))
        // A domain may have any id; a name that implies an id may not.
        var others = [
            entra(tenant) + "/", entra(tenant.uppercased()), entra("other.example"), entra("{tenantid}"),
            entra("common"), "https://evil.example/\(tenant)/v2.0", "https://login.microsoftonline.com/\(tenant)",
        ]
        if !asked.contains(".") { others.append(entra(other)) }
        for found in others where found != entra(asked) {
            await #expect(throws: OAuthFailure.self, "\(asked) \(found)") { try await metadata(entra(asked), found) }
        }
        let elsewhere = "https://login.microsoftonline.us/\(asked)/v2.0"
        await #expect(throws: OAuthFailure.self) { try await metadata(elsewhere, entra(tenant)) }
    }
}
