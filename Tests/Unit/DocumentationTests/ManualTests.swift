import AgentAPI
import Configuration
import TestSupport
import Testing

/// The manual compared with the types: each check, exit code, problem, event and route has its entry.
struct ManualTests {
    @Test("each check of the doctor has an entry in authagent(1)", arguments: DoctorCheck.ID.allCases)
    func check(id: DoctorCheck.ID) throws {
        #expect(try ManualPage("authagent.1").entries.contains(id.rawValue))
    }

    @Test("each line of status --security has an entry in authagent(1)", arguments: SecurityCheck.ID.allCases)
    func securityCheck(id: SecurityCheck.ID) throws {
        #expect(try ManualPage("authagent.1").entries.contains(id.rawValue))
    }

    @Test("each exit code has an entry in authagent(1)")
    func exitCodes() throws {
        let entries = try ManualPage("authagent.1").entries
        let codes = (0...100).compactMap(ExitCode.init)
        #expect(codes.count == 8)
        for code in codes { #expect(entries.contains("\(code.rawValue)")) }
    }

    @Test("each problem code has an entry in authagent-api(7)", arguments: Problem.Code.allCases)
    func problem(code: Problem.Code) throws {
        #expect(try ManualPage("authagent-api.7").entries.contains(code.rawValue))
    }

    @Test("each event has an entry in authagent-api(7)", arguments: AgentNews.Kind.allCases)
    func event(kind: AgentNews.Kind) throws {
        #expect(try ManualPage("authagent-api.7").entries.contains(kind.rawValue))
    }

    @Test("each route and method has a section in authagent-api(7), and no other has")
    func routes() throws {
        let sections = try ManualPage("authagent-api.7").headings.filter { $0.contains(" /") }
        // HEAD is GET without a body (RFC 9110 §9.3.2).
        let routes = Resource.allCases.flatMap { resource in
            resource.methods.filter { $0 != "HEAD" }.map { "\($0) \(resource.path)" }
        }
        #expect(sections.sorted() == routes.sorted())
    }
}
