import Foundation
import TestSupport
import Testing

/// Landlock, from inside. A kernel without it fails these tests.
@Suite(.timeLimit(.minutes(1)))
struct FileAccessTests {
    @Test("an agent changes files in its directories and in no other, and reads everywhere")
    func agent() async throws {
        let actor = try await SandboxActor(.agent)
        let (own, other) = (actor.own, actor.other)
        try "kept".write(toFile: other + "/file", atomically: true, encoding: .utf8)
        #expect(await actor.ask("write \(own)/file") == "done")
        #expect(await actor.ask("rename \(own)/file \(own)/renamed") == "done")
        #expect(await actor.ask("write \(own)/renamed") == "done")
        #expect(await actor.ask("write \(other)/new") == "EACCES")
        #expect(await actor.ask("write \(other)/file") == "EACCES")
        #expect(await actor.ask("rename \(own)/renamed \(other)/renamed") == "EACCES")
        #expect(await actor.ask("rename \(other)/file \(own)/taken") == "EACCES")
        #expect(await actor.ask("read \(other)/file") == "done")
        // Nothing that holds data: see FileAccess.places.
        #expect(await actor.ask("directory \(other)/empty") == "done")
        #expect(await actor.ask("write /dev/null") == "done")
        #expect(try String(contentsOfFile: other + "/file", encoding: .utf8) == "kept")
    }

    @Test("a directory through a link of its own name is the one that may be written to")
    func link() async throws {
        let actor = try await SandboxActor(.agent)
        let link = actor.files.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: actor.own)
        #expect(await actor.ask("write \(link)/file") == "done")
        #expect(await actor.ask("allows \(link)") == "true")
        #expect(await actor.ask("allows \(actor.own)/below") == "true")
        #expect(await actor.ask("allows \(actor.own)-else") == "false")
        #expect(await actor.ask("allows \(actor.other)") == "false")
    }

    @Test("a keyring helper changes no file")
    func helper() async throws {
        let actor = try await SandboxActor(.helper)
        #expect(await actor.ask("write \(actor.own)/file") == "EACCES")
        // By the filter, which comes first: the helper's has no call that creates a directory.
        #expect(await actor.ask("directory \(actor.own)/empty") == "EPERM")
        #expect(await actor.ask("write /dev/null") == "done")
        #expect(await actor.ask("read /etc/passwd") == "done")
    }
}
