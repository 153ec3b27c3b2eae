import TestSupport
import Testing

/// What `authagent status` prints besides the accounts.
@Suite(.timeLimit(.minutes(2)))
struct StatusTextTests {
    @Test("the hint for the keyring is printed without an account, and not if no account uses the keyring")
    func keyringHint() async throws {
        let demo = try await DemoLogin()
        let before = try await demo.home.authagent("status")
        #expect(before.output.contains("keyring: ") && before.output.contains("  hint: "), "\(before.output)")
        try await demo.logIn()
        let after = try await demo.home.authagent("status")
        #expect(after.output.contains("keyring: ") && !after.output.contains("  hint: "), "\(after.output)")
    }
}
