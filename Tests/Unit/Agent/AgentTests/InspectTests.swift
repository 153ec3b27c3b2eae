import Agent
import AgentAPI
import Formats
import OAuth
import TestSupport
import Testing

/// Inspection of tokens and of the provider's introspection replies.
struct InspectTests {
    private let fixture: IdentityFixture

    init() async throws {
        fixture = try IdentityFixture()
        _ = try await fixture.logIn(try fixture.idToken())
    }

    private func inspect(_ token: String, introspect: Bool? = nil) async throws -> TokenInspection {
        let request = InspectRequest(token: token, introspect: introspect)
        let reply = try await fixture.agent.agent.inspect(fixture.agent.name, request)
        // Every reply can be encoded.
        _ = try APIJSON.encode(reply)
        return try #require(reply.tokens.first)
    }

    private static func part(_ json: String) -> String { Base64URL.encode(Array(json.utf8)) }

    /// Returns members whose names differ in invisible characters only.
    private static func sameNames(_ count: Int) -> String {
        (0..<count).map { number in
            let unseen = String(number, radix: 2).map { $0 == "0" ? "\u{200B}" : "\u{200C}" }.joined()
            return "\"a\(unseen)\":\(number)"
        }.joined(separator: ",")
    }

    @Test("claims whose names look the same become one list, however many there are", arguments: [2, 1_000])
    func claims(count: Int) async throws {
        let token = Self.part(#"{"alg":"ES256"}"#) + "." + Self.part("{\(Self.sameNames(count))}") + ".AAAA"
        guard case .object(let claims)? = try await inspect(token).claims, case .array(let values)? = claims["a"] else {
            return #expect(Bool(false))
        }
        #expect(Set(values.map { "\($0)" }).count == count)
        #expect(claims.count == 1)
    }

    @Test("so do the members of the introspection reply, and the agent encodes them", arguments: [2, 8_000])
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

    /// Tokens that another issuer may have issued, whole or in pieces.
    private static let foreign: [String] = {
        let header = part(#"{"alg":"ES256"}"#)
        let payload = part(#"{"iss":"https://elsewhere.example","sub":"x"}"#)
        let jwt = "\(header).\(payload).c2ln"
        return [
            jwt, jwt + ".", "\(header).\(payload)", jwt + jwt, payload, header, "." + payload, "\(payload).c2ln",
            "x\(header).\(payload).c2ln", "%\(jwt)", "\(header).\(payload.dropLast()).c2ln",
            "\(header)." + part(#"{"iss":"https://elsewhere.example","iss":"x"}"#) + ".c2ln",
            "\(header)." + part(#"{"iss":1}"#) + ".c2ln", "\(header).\(part("{}")).c2ln",
            part(#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#) + ".a2V5.aXY.dGV4dA.dGFn",
            part(#"{"enc":"A256GCM","iss":"https://elsewhere.example"}"#) + ".a2V5.aXY.dGV4dA.dGFn",
            part(#" { "alg" : "ES256" } "#) + ".e30",
        ]
    }()

    @Test("a token of perhaps another issuer is not sent to the account's, whole or in pieces", arguments: foreign)
    func foreignToken(token: String) async throws {
        fixture.agent.provider.script(.introspection, .json(200, #"{"active":true}"#))
        let report = try #require(try await inspect(token, introspect: true).introspection)
        #expect(fixture.agent.provider.requests(.introspection).isEmpty)
        #expect(report.state == .notAsked)
        #expect(report.detail?.contains("issuer") == true)
    }

    @Test("an opaque token, or one of the account's issuer, is sent to the named account's provider")
    func ownToken() async throws {
        fixture.agent.provider.script(.introspection, .json(200, #"{"active":true}"#))
        let tokens = [
            "opaque", "a.b", "v1.kO2.x-y", try fixture.idToken(),
            Self.part("{\"enc\":\"A256GCM\",\"iss\":\"\(FakeProvider.issuer)\"}") + ".a2V5.aXY.dGV4dA.dGFn",
        ]
        for token in tokens {
            #expect(try await inspect(token, introspect: true).introspection?.state == .active, "\(token)")
        }
        #expect(fixture.agent.provider.requests(.introspection).count == tokens.count)
    }

    @Test("the account's own access token is sent to its provider, whatever its content")
    func accountsToken() async throws {
        fixture.agent.provider.script(.introspection, .json(200, #"{"active":true}"#))
        fixture.agent.time.advance(by: .seconds(3600))
        fixture.agent.provider.script(.token, .grant(access: "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", refresh: "r2"))
        let reply = try await fixture.agent.agent.inspect(fixture.agent.name, InspectRequest(introspect: true))
        #expect(reply.tokens.first?.introspection?.state == .active)
    }
}
