import Agent
import AgentAPI
import AuthagentTestSupport
import OAuth
import Testing

/// What `inspect` makes of tokens and of the provider's answers about them.
struct InspectTests {
    private let fixture: IdentityFixture

    init() async throws {
        fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
    }

    private func inspect(_ token: String, introspect: Bool? = nil) async throws -> TokenInspection {
        let request = InspectRequest(token: token, introspect: introspect)
        let reply = try await fixture.agent.agent.inspect(fixture.agent.name, request)
        // What is found out can be said, whatever it is.
        _ = try APIJSON.encode(reply)
        return try #require(reply.tokens.first)
    }

    private static func part(_ json: String) -> String { Base64URL.encode(Array(json.utf8)) }

    /// Members whose names differ only in what nobody can see.
    private static func sameNames(_ count: Int) -> String {
        (0..<count).map { number in
            let unseen = String(number, radix: 2).map { $0 == "0" ? "\u{200B}" : "\u{200C}" }.joined()
            return "\"a\(unseen)\":\(number)"
        }.joined(separator: ",")
    }

    @Test("claims whose names look the same are one list, however many there are", arguments: [2, 1_000])
    func claims(count: Int) async throws {
        let token = Self.part(#"{"alg":"ES256"}"#) + "." + Self.part("{\(Self.sameNames(count))}") + ".AAAA"
        guard case .object(let claims)? = try await inspect(token).claims, case .array(let values)? = claims["a"] else {
            return #expect(Bool(false))
        }
        #expect(Set(values.map { "\($0)" }).count == count)
        #expect(claims.count == 1)
    }

    @Test("so are the members of the provider's answer, and the agent says what they are", arguments: [2, 8_000])
    func answer(count: Int) async throws {
        fixture.agent.provider.script(
            .introspection, .json(200, #"{"active":true,"o":{\#(Self.sameNames(count))},\#(Self.sameNames(count))}"#))
        let report = try #require(try await inspect("opaque").introspection)
        guard case .object(let members)? = report.members, case .array(let values)? = members["a"],
            case .object(let inner)? = members["o"], case .array(let others)? = inner["a"]
        else { return #expect(Bool(false), "\(report)") }
        #expect(report.state == .active)
        #expect(values.count == count && others.count == count)
    }
}
