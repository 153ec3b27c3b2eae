import AgentAPI
import Testing

struct TokenTargetTests {
    @Test("scopes are a set, resources keep their order, and an empty target is the login's own token")
    func equality() throws {
        let first = try TokenTarget(scopes: ["b", "a", "b"], resources: ["urn:x:1", "urn:x:2", "urn:x:1"])
        #expect(first?.scopes == ["a", "b"])
        #expect(first?.resources == ["urn:x:1", "urn:x:2"])
        #expect(first == (try TokenTarget(scopes: ["a", "b"], resources: ["urn:x:1", "urn:x:2"])))
        #expect(first != (try TokenTarget(scopes: ["a", "b"], resources: ["urn:x:2", "urn:x:1"])))
        #expect(try TokenTarget() == nil)
    }

    @Test("a scope is one word of visible ASCII without quotation marks and backslashes (RFC 6749 §3.3)")
    func scopes() throws {
        for scope in ["", "a b", "a\"", "a\\", "ä", "a\n", "a\u{7F}"] {
            #expect(throws: TokenTarget.Invalid.self, "\(scope)") { try TokenTarget(scopes: [scope]) }
        }
        for scope in ["openid", "https://graph.microsoft.com/.default", "api://x/y", "a!#[]~'"] {
            #expect(try TokenTarget(scopes: [scope])?.scopes == [scope])
        }
    }

    @Test("R1: a resource is an absolute URI without a fragment (RFC 8707 §2)")
    func resources() throws {
        for resource in [
            "", "api", "/api", "//host/api", "https:", "1a:x", ":x", "https://h/#f", "https://h/#", "https://h/%zz",
            "https://h/a b", "https://h/ä", "https://h/\"",
        ] {
            #expect(throws: TokenTarget.Invalid.self, "\(resource)") { try TokenTarget(resources: [resource]) }
        }
        for resource in ["https://api.example.com/", "urn:example:api", "api://1234", "https://h/a?b=%20"] {
            #expect(try TokenTarget(resources: [resource])?.resources == [resource])
        }
    }

    @Test("numbers and lengths over their limits are refused, and the parameter named")
    func bounds() throws {
        let scopes = (0..<65).map { "s\($0)" }
        #expect(try TokenTarget(scopes: Array(scopes.prefix(64)))?.scopes.count == 64)
        #expect { try TokenTarget(scopes: scopes) } throws: { ($0 as? TokenTarget.Invalid)?.parameter == .scope }
        let long = String(repeating: "s", count: 4096)
        #expect(try TokenTarget(scopes: [long]) != nil)
        #expect(throws: TokenTarget.Invalid.self) { try TokenTarget(scopes: [long + "s"]) }
        let resources = (0..<9).map { "urn:x:\($0)" }
        #expect(try TokenTarget(resources: Array(resources.prefix(8))) != nil)
        #expect { try TokenTarget(resources: resources) } throws: {
            ($0 as? TokenTarget.Invalid)?.parameter == .resource
        }
        for audience in ["", "a\n", "ä", String(repeating: "a", count: 513)] {
            #expect { try TokenTarget(audience: audience) } throws: {
                ($0 as? TokenTarget.Invalid)?.parameter == .audience
            }
        }
        #expect(try TokenTarget(audience: "my api")?.audience == "my api")
    }

    @Test("a request is encoded as a query that no character can break")
    func query() throws {
        let target = try TokenTarget(
            scopes: ["b&c", "a=+"], resources: ["urn:x", "https://h/?a=%20"], audience: "x y")
        #expect(
            TokenRequest(minimumValidity: 5, includesIDToken: true, target: target).query
                == "min_valid=5&id_token=true&scope=a%3D%2B%20b%26c&resource=urn%3Ax"
                + "&resource=https%3A%2F%2Fh%2F%3Fa%3D%2520&audience=x%20y")
        #expect(TokenRequest().query == "min_valid=60")
        #expect(TokenRequest(wait: 0).query == "min_valid=60&wait=0")
    }
}
