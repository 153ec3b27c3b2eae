import Foundation
import TestSupport
import Testing

/// How the tests start programs.
@Suite(.timeLimit(.minutes(5)))
struct ChildProcessTests {
    @Test("a program that a test starts keeps no descriptor of another test open")
    func descriptors() async throws {
        // Like accept(2), it does not set close-on-exec.
        let leaked = dup(STDERR_FILENO)
        defer { close(leaked) }
        try #require(leaked > STDERR_FILENO)
        let shell = try MissingProgram.require("sh", package: "dash")
        let result = try await ChildProcess.run(
            shell, ["-c", "test -e /proc/$$/fd/1 && ! test -e /proc/$$/fd/\(leaked)"])
        #expect(result.status == 0)
    }
}
