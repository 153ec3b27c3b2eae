import Agent
import AgentAPI
import Foundation
import Testing

/// The output of `authagent providers --json`.
struct ProviderListTests {
    @Test("each unconfirmed value has the name of a member of the description", arguments: ProviderList.known.providers)
    func unverified(provider: ProviderDescription) throws {
        var possible = provider
        // Set, so that they are encoded even if this provider has none.
        possible.offlineScope = ""
        possible.endpoints = ProviderEndpointList(
            device: "", token: "", revocation: "", registration: "", authorization: "")
        possible.codeFlow?.publicClients = true
        possible.codeFlow?.variablePort = true
        let object = try JSONSerialization.jsonObject(with: Data(APIJSON.encode(possible)))
        let members = try #require(object as? [String: Any])
        let inner = ["endpoints", "requests", "code_flow"].compactMap { members[$0] as? [String: Any] }.flatMap(\.keys)
        #expect(Set(members.keys).union(inner).isSuperset(of: provider.unverified), "\(provider.unverified)")
    }

    @Test("a provider's dialect is listed")
    func ways() throws {
        func provider(_ name: String) throws -> ProviderDescription {
            try #require(ProviderList.known.providers.first { $0.name == name })
        }
        let salesforce = try provider("salesforce")
        #expect(salesforce.requests.deviceGrantType == "device")
        #expect(salesforce.requests.deviceCodeParameter == "code")
        #expect(salesforce.requests.deviceParameters == ["response_type": "device_code"])
        #expect(salesforce.metadata == false)
        let aws = try provider("aws")
        #expect(aws.requests.encoding == "aws_json")
        #expect(aws.clientAuthentication == "client_secret_post")
        #expect(aws.endpoints.registration == "https://oidc.{region}.amazonaws.com/client/register")
        #expect(try provider("twitch").requests.scopeParameter == "scopes")
        #expect(try provider("bmw").requests.pkce == true)
        #expect(try provider("keycloak").requests.pkce == nil)
        #expect(try provider("zitadel").requests.assertionAudience == "issuer")
        #expect(try provider("gitlab").refreshEndsTokens)
        #expect(try provider("google").clientAuthentication == "client_secret_post")
    }
}
