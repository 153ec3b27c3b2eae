import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Replies of proxies and providers that do not answer a refresh.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ProviderFaultTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let fault: DemoIssuer.Fault
    }

    private static func json(_ body: String) -> DemoIssuer.Fault { .reply(status: 200, body: body) }

    private static func page(_ status: Int, _ text: String) -> DemoIssuer.Fault {
        .reply(status: status, contentType: "text/html", body: "<html><body>\(text)</body></html>")
    }

    static let cases = [
        Case(testDescription: "a connection that is dropped", fault: .drop),
        Case(testDescription: "a captive portal", fault: page(200, "Please accept our terms")),
        Case(testDescription: "a proxy's error page", fault: page(502, "Squid")),
        Case(testDescription: "a gateway's 403", fault: page(403, "Forbidden")),
        Case(testDescription: "a gateway's 404", fault: page(404, "Not found")),
        Case(testDescription: "a page with 400", fault: page(400, "Bad request")),
        Case(testDescription: "a 500", fault: .reply(status: 500, body: "{}")),
        Case(testDescription: "a 429", fault: .reply(status: 429, body: "")),
        Case(
            testDescription: "a 503 that calls the grant dead",
            fault: .reply(
                status: 503, body: #"{"error":"invalid_grant"}"#)),
        Case(testDescription: "50 MB", fault: json(String(repeating: " ", count: 50_000_000))),
        Case(testDescription: "100,000 arrays in each other", fault: json(String(repeating: "[", count: 100_000))),
        Case(
            testDescription: "a member that comes twice",
            fault: json(#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#)),
        Case(testDescription: "wrong types", fault: json(#"{"access_token":{"a":1},"token_type":["Bearer"]}"#)),
        Case(testDescription: "NUL", fault: json("{\"access_token\":\"a\0b\",\"token_type\":\"Bearer\"}")),
    ]

    @Test(
        "no invalid reply on the path ends a login: exit code 6, no request storm, and a token afterwards",
        arguments: cases)
    func transient(_ fault: Case) async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        configuration.rotation = .oneUseWithFamily
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        let granted = demo.issuer.liveRefreshTokens
        try await demo.tokenExpires()
        demo.issuer.always(.token, fault.fault)
        let (start, before) = (ContinuousClock.now, demo.issuer.refreshCount)
        for _ in 0..<5 {
            let result = try await demo.home.authagent("token", "work")
            #expect(result.status == 6, "\(result.output)\(result.errors)")
            #expect(result.output.isEmpty)
            #expect(result.errors.contains("the login is kept"), "\(result.errors)")
        }
        // Callers may trigger one attempt per second, in addition to the agent's own.
        let seconds = Int((ContinuousClock.now - start).components.seconds)
        #expect(demo.issuer.refreshCount - before <= 2 * (seconds + 2))
        #expect(demo.issuer.liveRefreshTokens == granted)
        demo.issuer.always(.token, nil)
        try await eventually("it does not come back") { try await demo.home.authagent("token", "work").status == 0 }
    }
}
