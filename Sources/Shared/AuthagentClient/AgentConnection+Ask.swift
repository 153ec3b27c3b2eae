package import AgentAPI

extension AgentConnection {
    /// Sends a request and returns what its whole response says.
    package func ask<Reply: Decodable>(_ request: Request<Reply>) throws(AgentClientError) -> Reply {
        try ask(request, Deadline(request.limit))
    }

    package func ask<Reply: Decodable>(
        _ request: Request<Reply>, _ deadline: Deadline
    ) throws(AgentClientError) -> Reply {
        try response(to: request.plain, deadline).decoded(Reply.self)
    }

    /// The same without a look at what the response says.
    package func response(to request: PlainRequest, _ deadline: Deadline) throws(AgentClientError) -> Response {
        let head = try send(request, deadline)
        return Response(head, try readBody(of: head, deadline))
    }

    /// Sends a request whose response is a stream; the problem that comes instead is thrown.
    package func begin<Reply>(_ request: Request<Reply>) throws(AgentClientError) {
        let deadline = Deadline(request.limit)
        let head = try send(request.plain, deadline)
        guard head.status == 200 else { throw .problem(Response(head, try readBody(of: head, deadline)).problem) }
        guard head.length == nil else { throw .notAnAgent }
    }
}

/// A response that has come whole.
package struct Response: Sendable {
    package var status: Int
    package var body: [UInt8]

    package init(_ head: ResponseHead, _ body: [UInt8]) {
        status = head.status
        self.body = body
    }

    /// The body as `type`, or the problem that it is instead.
    package func decoded<Reply: Decodable>(_ type: Reply.Type) throws(AgentClientError) -> Reply {
        guard status == 200 else { throw .problem(problem) }
        do { return try APIJSON.decode(type, from: body) } catch { throw .notUnderstood }
    }

    package var problem: Problem {
        (try? APIJSON.decode(Problem.self, from: body))
            ?? Problem(.internalError, "the agent answered with status \(status)", hint: "run 'authagent status'")
    }
}
