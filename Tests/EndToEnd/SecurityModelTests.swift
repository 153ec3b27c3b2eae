import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Statements of authagentd(8), SECURITY MODEL, without a suite of their own.
@Suite(.timeLimit(.minutes(5)))
struct SecurityModelTests {
    private static func ask(
        _ home: AgentHome, _ method: String, _ path: String, through: [String] = []
    ) async throws -> ChildProcess.Result {
        let curl = try MissingProgram.require("curl", package: "curl")
        let command =
            through + [curl, "-sS", "-X", method, "--unix-socket", home.socket, "http://localhost\(path)"]
        return try await ChildProcess.run(command[0], Array(command.dropFirst()))
    }

    @Test("any program of the same user gets a token, locks, unlocks, and logs out")
    func sameUser() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let token = try await Self.ask(demo.home, "GET", "/v1/accounts/work/token")
        #expect(token.output.contains("\"access_token\""), "\(token.output)\(token.errors)")
        #expect(try await Self.ask(demo.home, "POST", "/v1/lock").output.contains("\"locked\":true"))
        let locked = try await Self.ask(demo.home, "GET", "/v1/accounts/work/token")
        #expect(locked.output.contains("\"code\":\"locked\""), "\(locked.output)")
        #expect(try await Self.ask(demo.home, "POST", "/v1/unlock").output.contains("\"unlocked\":true"))
        let logout = try await Self.ask(demo.home, "POST", "/v1/accounts/work/logout")
        #expect(logout.output.contains("\"revoked\":true"), "\(logout.output)")
    }

    @Test("an unlocked keyring gives a refresh token to another program of the user on its bus")
    func keyring() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        let token = try #require(try await keyring.refreshToken(of: "work"))
        #expect(demo.issuer.liveRefreshTokens.contains(token))
    }

    @Test("in its own namespaces a caller is the user that it is outside, whatever its uid inside")
    func container() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let unshare = try MissingProgram.require("unshare", package: "util-linux")
        let own = try await Self.ask(
            demo.home, "GET", "/v1/accounts/work/token", through: [unshare, "--user", "--pid", "--fork"])
        #expect(own.output.contains("\"access_token\""), "\(own.output)\(own.errors)")
    }

    @Test("a user who is root only inside a container is refused as the user outside")
    func rootInside() async throws {
        try #require(getuid() == 0, "this test becomes another user, which only root can")
        let demo = try await DemoLogin()
        try await demo.logIn()
        for (path, mode) in [("", 0o755), ("/run", 0o755), ("/run/agent.sock", 0o666)] {
            #expect(chmod(demo.home.files.path + path, mode_t(mode)) == 0)
        }
        let unshare = try MissingProgram.require("unshare", package: "util-linux")
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        let other = try await Self.ask(
            demo.home, "GET", "/v1/accounts/work/token",
            through: [
                setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", unshare, "--user", "--map-root-user",
                "--pid", "--fork",
            ])
        #expect(other.output.contains("\"code\":\"forbidden\""), "\(other.output)\(other.errors)")
    }
}
