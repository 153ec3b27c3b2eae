internal import AgentAPI
internal import Policy

extension Router {
    /// Explains the decision of the rules in force for a process and an account, whether or not the account exists.
    func policyCheck(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        .reply(try await policyCheck(routed.request))
    }

    private func policyCheck(_ request: APIRequest) async throws(Problem) -> Reply {
        let parameters = try QueryParameters(request.query, allowed: ["account", "pid"])
        try requireAcceptable(request, "application/json")
        guard let pid = try parameters.integer("pid", in: 1...Int(Int32.max)) else {
            throw Problem(.badRequest, "the query parameter 'pid' is missing", hint: "add: pid=NUMBER")
        }
        guard let account = parameters.text("account").flatMap({ AccountName($0) }) else {
            throw Problem(
                .badRequest, "the query parameter 'account' is missing or invalid", hint: "add: account=NAME")
        }
        guard let identity = gate.access.process(Int32(pid)) else { throw Self.noProcess(pid) }
        let rules = gate.access.rules.current
        do throws(CallerLost) {
            var caller = try await identity.caller(rules.factsToExplain)
            let further = rules.furtherFactsToExplain(caller)
            if !further.isEmpty { caller = try await identity.caller(rules.factsToExplain.union(further)) }
            return .json(rules.report(on: account, for: caller))
        } catch {
            throw Self.noProcess(pid)
        }
    }

    private static func noProcess(_ pid: Int) -> Problem {
        Problem(.notFound, "there is no process \(pid)", hint: "run 'ps' to list the processes")
    }
}
