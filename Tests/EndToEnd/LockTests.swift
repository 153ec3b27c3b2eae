import TestSupport
import Testing

/// 'authagent lock' and 'authagent unlock' on the command line.
@Suite(.timeLimit(.minutes(5)))
struct LockTests {
    @Test("lock: exit code 7 with the hint until unlock; the next token is renewed, because memory was empty")
    func lock() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        let before = try await demo.home.authagent("token", "work").output
        #expect(try await demo.home.authagent("lock").output == "locked\n")
        let refused = try await demo.home.authagent("token", "work")
        #expect(refused.status == 7)
        #expect(refused.errors.contains("authagent: hint: run 'authagent unlock'"), "\(refused.errors)")
        let status = try await demo.home.authagent("status")
        #expect(status.output.contains("locked: 'authagent unlock' ends it"), "\(status.output)")
        #expect(try await demo.home.authagent("unlock").output == "unlocked\n")
        let after = try await demo.home.authagent("token", "work")
        #expect(after.status == 0)
        #expect(after.output != before)
    }

    @Test("with a passphrase, unlock requires it; a wrong one opens nothing")
    func passphrase() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        #expect(try await demo.home.authagent("lock", "--passphrase", input: "correct horse").status == 0)
        let wrong = try await demo.home.authagent("unlock", input: "wrong horse")
        #expect(wrong.status == 7)
        #expect(wrong.errors.contains("the passphrase is wrong"), "\(wrong.errors)")
        #expect(try await demo.home.authagent("token", "work").status == 7)
        #expect(try await demo.home.authagent("unlock", input: "correct horse").output == "unlocked\n")
        #expect(try await demo.home.authagent("token", "work").status == 0)
        // If nothing is locked, the output must not suggest that a passphrase was checked.
        let open = try await demo.home.authagent("unlock", input: "wrong horse")
        #expect(open.errors.contains("note: no passphrase was needed, and none was read"), "\(open.errors)")
    }
}
