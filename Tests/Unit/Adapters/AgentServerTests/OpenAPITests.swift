import AgentAPI
import Foundation
import TestSupport
import Testing

/// The description compared with the code. `packaging/dev/api-fuzz` compares it with a running agent.
struct OpenAPITests {
    private let work: AccountName

    init() throws { work = try #require(AccountName("work")) }

    private func describing(_ body: (ServerFixture, APIDescription) async throws -> Void) async throws {
        try await ServerFixture.serving { server in
            try await body(server, try APIDescription(try await server.exchange(.get("/v1/openapi.json")).body))
        }
    }

    @Test("the description is openapi.json, in the requested media type")
    func served() async throws {
        let file = try String(
            contentsOfFile: Repository.path("Sources/C/COpenAPI/openapi.json"), encoding: .utf8)
        try await ServerFixture.serving { server in
            for (accept, expected) in [
                ("*/*", "application/json"), ("application/json", "application/json"),
                ("application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json;version=3.1"),
            ] {
                let reply = try await server.exchange(.get("/v1/openapi.json", "Accept: \(accept)"))
                #expect(reply.status == 200)
                #expect(reply["content-type"] == expected)
                #expect(reply.body == file)
            }
            let refused = try await server.exchange(.get("/v1/openapi.json", "Accept: text/html"))
            #expect(refused.problem?.code == .notAcceptable)
            #expect(try await server.exchange(.post("/v1/openapi.json"))["allow"] == "GET, HEAD")
        }
    }

    @Test("the description is of this version")
    func version() async throws {
        try await describing { _, description in
            #expect((description.document["info"] as? APIDescription.Object)?["version"] as? String == agentVersion)
        }
    }

    @Test("each route and method is described, and no other")
    func routes() async throws {
        try await describing { _, description in
            let described = Dictionary(grouping: try description.operations(), by: \.path).mapValues {
                Set($0.map(\.method))
            }
            let routes = Dictionary(
                uniqueKeysWithValues: Resource.allCases.map { resource in
                    (resource.path, Set(resource.methods))
                })
            #expect(described == routes)
        }
    }

    @Test("each query parameter is described, and no other")
    func parameters() async throws {
        try await describing { server, description in
            for operation in try description.operations() {
                let described = operation.parameters.filter { $0["in"] as? String == "query" }
                    .compactMap { $0["name"] as? String }
                let path = operation.path.replacing("{account}", with: "slow")
                let reply = try await server.exchange(Request(method: operation.method, target: "\(path)?none-such=1"))
                #expect(reply.status == 400, "\(operation.name)")
                // HEAD has no body to read them from, and is GET otherwise.
                guard operation.method != "HEAD" else { continue }
                let hint = try #require(reply.problem?.hint)
                #expect(reply.problem?.detail.contains("none-such") == true)
                let known = hint.split(separator: "known parameters: ").last?.split(separator: ", ").map(String.init)
                #expect(described.sorted() == (hint.hasPrefix("known") ? known : []), "\(operation.name)")
            }
        }
    }

    @Test("each problem is described with its status")
    func statuses() async throws {
        // The problems of HTTP itself, which have other statuses.
        let others: [Int: Problem.Code] = [408: .timeout, 417: .badRequest, 431: .tooLarge]
        try await describing { _, description in
            var described: Set<Problem.Code> = []
            for operation in try description.operations() where operation.method != "HEAD" {
                for case (let status, let codes?) in operation.codes {
                    for code in codes {
                        let code = try #require(Problem.Code(rawValue: code), "\(code)")
                        #expect(others[status].map { $0 == code } ?? (code.httpStatus == status), "\(operation.name)")
                        described.insert(code)
                    }
                }
            }
            // For methods that are not described.
            #expect(described.symmetricDifference(Problem.Code.allCases) == [.methodNotAllowed])
            let problem = try description.members(of: "Problem")
            #expect(problem["code"]?.values == Set(Problem.Code.allCases.map(\.rawValue)))
        }
    }

    @Test("HEAD is described like GET, and the common replies for each operation")
    func everyOperation() async throws {
        let always: Set = [200, 400, 403, 406, 408, 413, 417, 429, 431]
        try await describing { _, description in
            let operations = try description.operations()
            for operation in operations {
                let statuses = Set(operation.codes.keys)
                #expect(statuses.isSuperset(of: always), "\(operation.name)")
                // The Content-Type is checked even without a body.
                #expect(statuses.contains(415) == (operation.method == "POST"), "\(operation.name)")
                #expect(!operation.hasBody || operation.method == "POST", "\(operation.name)")
                // Requests that can be repeated may time out.
                let canBeAskedAgain =
                    operation.method != "POST"
                    || ["/token/rejected", "/aws-credentials"].contains { operation.path.hasSuffix($0) }
                #expect(statuses.contains(504) == canBeAskedAgain, "\(operation.name)")
                let hasURL = ["/v1/token", "/v1/url"].contains(operation.path)
                #expect(statuses.contains(409) == hasURL, "\(operation.name)")
                let namesSomething =
                    operation.path.contains("{account}") || operation.path == "/v1/policy/check" || hasURL
                    || (operation.path == "/v1/approvals" && operation.method == "POST")
                    || operation.name == "DELETE /v1/sinks"
                #expect(statuses.contains(404) == namesSomething, "\(operation.name)")
                guard operation.method == "HEAD" else { continue }
                let get = try #require(operations.first { $0.path == operation.path && $0.method == "GET" })
                #expect(statuses == Set(get.codes.keys), "\(operation.name)")
                #expect(operation.parameters.count == get.parameters.count, "\(operation.name)")
            }
        }
    }
}
