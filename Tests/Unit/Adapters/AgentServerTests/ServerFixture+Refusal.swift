import AgentAPI
import Testing

extension ServerFixture {
    /// Sends something that can be read in two ways, and after it a request that one of them would find: the connection
    /// ends with 400, and nothing is done.
    func expectRefusal(of text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let client = try client()
        _ = try await client.sendUntilClosed(Array((text + Request.post("/v1/reload").text).utf8))
        let reply = try await client.reply()
        #expect(reply.status == 400, sourceLocation: sourceLocation)
        #expect(reply.problem?.code == .badRequest, sourceLocation: sourceLocation)
        #expect(reply.isClosing, sourceLocation: sourceLocation)
        #expect(try await client.untilClosed() == "", sourceLocation: sourceLocation)
        #expect(service.calls.isEmpty, sourceLocation: sourceLocation)
    }
}
