import Foundation
import TestSupport
import Testing

/// Assumptions of the tests with a real KeePassXC: when it asks the user, and that the answer reaches the client.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct KeePassXCDialogTests {
    private func secretTool(
        _ keyring: PrivateKeePassXC, _ arguments: String..., input: String = ""
    ) throws -> ChildProcess {
        let program = try MissingProgram.require("secret-tool", package: "libsecret-tools")
        return try ChildProcess(program, arguments, environment: keyring.environment, input: input)
    }

    @Test("another client's item is read once the user allows it, by that client only")
    func allowed() async throws {
        let keyring = try await PrivateKeePassXC()
        let store = try secretTool(keyring, "store", "--label=one", "name", "one", input: "content")
        #expect(await store.result().status == 0)
        for _ in 0..<2 {
            let lookup = try secretTool(keyring, "lookup", "name", "one")
            try await keyring.allow()
            let result = await lookup.result()
            #expect(result.output == "content", "\(result.errors)")
        }
        let dialogs = try await keyring.dialogs()
        #expect(dialogs == [])
        #expect(try await keyring.labels() == ["one"])
    }

    @Test("another client's item is not read if the user closes the dialog")
    func refused() async throws {
        let keyring = try await PrivateKeePassXC()
        let store = try secretTool(keyring, "store", "--label=one", "name", "one", input: "content")
        #expect(await store.result().status == 0)
        let lookup = try secretTool(keyring, "lookup", "name", "one")
        try await keyring.refuse()
        #expect(await lookup.result().output == "")
        #expect(try await keyring.labels() == ["one"])
    }

    @Test("the dialog of a client that has exited stays open, and allows nothing")
    func late() async throws {
        let keyring = try await PrivateKeePassXC()
        let store = try secretTool(keyring, "store", "--label=one", "name", "one", input: "content")
        #expect(await store.result().status == 0)
        let lookup = try secretTool(keyring, "lookup", "name", "one")
        try await eventually { try await keyring.dialogs().count == 1 }
        lookup.signal(SIGKILL)
        _ = await lookup.result()
        let second = try secretTool(keyring, "lookup", "name", "one")
        try await eventually { try await keyring.dialogs().count == 2 }
        try await keyring.allow()
        #expect(await second.result().output == "content")
        let third = try secretTool(keyring, "lookup", "name", "one")
        try await keyring.refuse()
        #expect(await third.result().output == "")
        #expect(try await keyring.labels() == ["one"])
    }
}
