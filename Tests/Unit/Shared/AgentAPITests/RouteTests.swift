import AgentAPI
import Testing

struct RouteTests {
    @Test("the path of each resource is read back as that resource", arguments: Resource.allCases)
    func roundTrip(resource: Resource) throws {
        let name = try #require(AccountName("work"))
        let path = resource.path(of: name)
        let route = try #require(Route(path: path))
        #expect(route.resource == resource)
        #expect(route.account == (resource.hasAccount ? name : nil))
        #expect(route.path == path)
        #expect(resource.path.replacing("{account}", with: "work") == path)
    }

    @Test(
        "a path at which there is nothing is not a route",
        arguments: [
            "", "/", "v1/accounts", "/v1", "/v1/", "/v2/accounts", "/v1/accounts/", "/v1/accounts//token",
            "/v1/accounts/a/token/", "/v1/accounts/../health", "/v1/accounts/a%2Fb", "/v1/Accounts", "//v1/accounts",
            "/metrics/", "/v1/metrics", "/v1/accounts/a/token/refused", "/v1/accounts/a/login/rejected",
            "/v1/accounts//token/rejected", "/v1/accounts/a/token/rejected/", "/v1/accounts/{account}",
            "/v1/accounts/{account}/token",
        ])
    func nothing(path: String) { #expect(Route(path: path) == nil) }
}
