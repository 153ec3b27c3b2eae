internal import AgentAPI

extension AgentConnection.Response {
    /// The body as `type`, or the problem that it is instead.
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard status == 200 else { throw Failure(problem) }
        do { return try APIJSON.decode(type, from: body) } catch {
            throw Failure(
                "the agent's reply is not understood",
                hint: "is it older than this client? 'authagent stop' ends it, and the next command starts the new one",
                code: .agentUnreachable
            )
        }
    }

    var problem: Problem {
        (try? APIJSON.decode(Problem.self, from: body))
            ?? Problem(.internalError, "the agent answered with status \(status)", hint: "run 'authagent status'")
    }
}
