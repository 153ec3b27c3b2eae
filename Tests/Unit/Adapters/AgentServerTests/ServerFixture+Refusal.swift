import AgentAPI
import Testing

extension ServerFixture {
    /// Sends ambiguous bytes, followed by a request that one interpretation would find. Expects 400, the end of the
    /// connection, and no call of the service.
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
