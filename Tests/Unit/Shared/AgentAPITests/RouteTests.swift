import AgentAPI
import Testing

struct RouteTests {
    @Test("every route is parsed from its own path")
    func roundTrip() throws {
        let name = try #require(AccountName("work"))
        let routes: [Route] = [
            .accounts, .account(name), .token(name), .tokenRejected(name), .login(name), .logout(name), .inspect(name),
            .inspect(nil), .health, .providers, .reload, .store, .lock, .unlock, .doctor, .events, .openAPI,
            .policyCheck,
            .metrics,
        ]
        for route in routes {
            #expect(Route(path: route.path) == route)
            #expect(route.template.path.replacing("{account}", with: "work") == route.path)
        }
        #expect(Set(routes.map(\.template)) == Set(Route.Template.allCases))
    }

    @Test(
        "an unknown path is not a route",
        arguments: [
            "", "/", "v1/accounts", "/v1", "/v1/", "/v2/accounts", "/v1/accounts/", "/v1/accounts//token",
            "/v1/accounts/a/token/", "/v1/accounts/../health", "/v1/accounts/a%2Fb", "/v1/Accounts", "//v1/accounts",
            "/metrics/", "/v1/metrics", "/v1/accounts/a/token/refused", "/v1/accounts/a/login/rejected",
            "/v1/accounts//token/rejected", "/v1/accounts/a/token/rejected/",
        ])
    func nothing(path: String) { #expect(Route(path: path) == nil) }
}
