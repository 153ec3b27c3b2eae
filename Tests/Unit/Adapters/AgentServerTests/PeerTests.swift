import AgentAPI
import AgentServer
import AuthagentClient
import Foundation
import Policy
import System
import TestSupport
import Testing

struct PeerTests {
    @Test("another user is refused before any byte of the request is read")
    func otherUser() async throws {
        let isRoot = getuid() == 0
        // Root is never another user to an agent, so a program of another user connects then.
        let rules = AccessRules(owner: isRoot ? 0 : getuid() + 1)
        try await ServerFixture.serving(access: Access(rules: CurrentRules(rules))) { server in
            let text = isRoot ? try await Self.connectAsNobody(server) : try await server.client().untilClosed()
            let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
            var reply = try #require(parts.first.flatMap { HTTPReply(head: String($0)) }, "no reply: \(text)")
            reply.body = String(parts.last ?? "")
            #expect(reply.status == 403)
            #expect(reply.problem?.code == .forbidden)
            #expect(reply["cache-control"] == "no-store")
            #expect(reply.isClosing)
            #expect(server.service.calls.isEmpty)
            #expect(server.service.news.map(\.kind) == [.denied])
            #expect(server.service.news.first?.denial?.user == (isRoot ? 65534 : getuid()))
            if isRoot { #expect(try await server.exchange(.get("/v1/health")).status == 200) }
        }
    }

    /// Returns what a client of another user receives without sending a request. Opens the socket's permissions first.
    private static func connectAsNobody(_ server: ServerFixture) async throws -> String {
        for directory in [server.files.path, server.socket.directory] { #expect(chmod(directory, 0o755) == 0) }
        #expect(chmod(server.socket.text, 0o666) == 0)
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        let curl = try MissingProgram.require("curl", package: "curl")
        let result = try await ChildProcess.run(
            setpriv,
            [
                "--reuid=65534", "--regid=65534", "--clear-groups", curl, "--silent", "--show-error", "--max-time",
                "20",
                "--unix-socket", server.socket.text, "telnet://localhost",
            ]
        )
        #expect(result.errors == "")
        return result.output
    }
}
