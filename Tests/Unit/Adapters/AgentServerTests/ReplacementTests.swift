import AuthagentClient
import Foundation
import System
import TestSupport
import Testing

struct ReplacementTests {
    @Test("a replaced listener is closed, and its connections stay open")
    func replacement() async throws {
        try await ServerFixture.serving { server in
            let old = try server.client()
            try await old.send(.get("/v1/health"))
            #expect(try await old.reply().status == 200)
            let former = server.socket.text + ".former"
            #expect(rename(server.socket.text, former) == 0)
            server.replacements.yield(try LocalSocket.listen(at: server.socket.text).consumeRaw())
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
            await eventually("the old socket still takes connections") { (try? RawClient(former)) == nil }
            try await old.send(.get("/v1/health"))
            #expect(try await old.reply().status == 200)
        }
    }
}
