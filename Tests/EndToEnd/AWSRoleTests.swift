import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Credentials of roles at AWS through the real programs. Real programs of AWS are in packaging/dev/try-programs.
@Suite(.timeLimit(.minutes(5)))
struct AWSRoleTests {
    private static let arn = "arn:aws:iam::123456789012:role/ci"

    /// A login at IAM Identity Center, whose portal is the file's.
    private func identityCenter() async throws -> (DemoIssuer, AgentHome) {
        var configuration = DemoIssuer.Configuration()
        configuration.aws = DemoIssuer.AWSRules()
        configuration.rotation = .oneUse
        let issuer = try await DemoIssuer.start(configuration)
        let home = try AgentHome()
        let url = issuer.issuer
        let login = try await home.login(
            "work",
            [
                "--provider", "aws", "--region", "eu-west-1", "--start-url", DemoIssuer.AWSRules().startURL,
                "--device-endpoint", url + "/device_authorization", "--token-endpoint", url + "/token",
                "--registration-endpoint", url + "/client/register", "--revocation-endpoint", url + "/logout",
                "--store", "memory",
            ]
        ) { issuer.approve($0) }
        try #require(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        try await configure(home, "sso_portal_url = \"\(url)\"\n")
        return (issuer, home)
    }

    private func configure(_ home: AgentHome, _ line: String) async throws {
        let file = home.accountFiles + "/work.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + line).write(toFile: file, atomically: false, encoding: .utf8)
        try #require(try await home.authagent("reload").status == 0)
    }

    private func members(_ text: String) throws -> [String: JSONContent] {
        try APIJSON.decode([String: JSONContent].self, from: text.utf8)
    }

    @Test("'helper aws' prints a credential_process's output, from one request to the portal for all its runs")
    func assigned() async throws {
        let (issuer, home) = try await identityCenter()
        let arguments = ["helper", "aws", "work", "--account-id", "123456789012", "--role", "ReadOnly"]
        let first = try await home.authagent(arguments)
        #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)\(home.log)")
        let found = try members(first.output)
        #expect(
            Set(found.keys)
                == ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"])
        #expect(found["Version"] == .integer(1) && found["SessionToken"] == .string("portal-session-1"))
        guard case .string(let end)? = found["Expiration"], let date = ISO8601DateFormatter().date(from: end) else {
            return #expect(Bool(false), "\(first.output)")
        }
        #expect(abs(date.timeIntervalSinceNow - 3600) < 120)
        #expect(try await home.authagent(arguments).output == first.output)
        #expect(issuer.roleRequests == ["123456789012/ReadOnly"])

        _ = try await home.authagent("lock")
        let locked = try await home.authagent(arguments)
        #expect(locked.status == 7 && locked.output.isEmpty)
        _ = try await home.authagent("unlock")
        let unlocked = try await home.authagent(arguments)
        #expect(unlocked.status == 0 && issuer.roleRequests.count == 2, "\(unlocked.errors)")
        for text in ["portal-session-1", "portal-secret-1"] { #expect(!home.log.contains(text)) }
    }

    @Test("a role that is not assigned, and mistakes in the arguments, are errors with a reason and no output")
    func refused() async throws {
        let (issuer, home) = try await identityCenter()
        let denied = try await home.authagent(
            "helper", "aws", "work", "--account-id", "123456789012", "--role", "Admin")
        #expect(denied.status == 1 && denied.output.isEmpty)
        #expect(
            denied.errors.contains("'123456789012/Admin'") && denied.errors.contains("No access"), "\(denied.errors)")
        #expect(denied.errors.contains("authagent: hint: "))
        #expect(issuer.roleRequests.count == 1)
        for arguments in [
            [], ["--account-id", "1"], ["--account-id", "123456789012"], ["--role", "R"], ["--role-arn", "x"],
            ["--account-id", "123456789012", "--role", "R", "--duration", "900"],
            ["--role-arn", Self.arn, "--duration", "1"], ["--role-arn", Self.arn, "--role", "R"],
        ] {
            let result = try await home.authagent(["helper", "aws", "work"] + arguments)
            #expect(result.status == 2 && result.output.isEmpty, "\(arguments) \(result.errors)")
        }
        #expect(issuer.roleRequests.count == 1)
        let foreign = try await home.authagent(
            "helper", "aws", "none", "--account-id", "123456789012", "--role", "ReadOnly")
        #expect(foreign.status == 1 && foreign.errors.contains("there is no account 'none'"))
    }

    @Test("the session's end at the portal renews the token once, and is then exit code 3")
    func ended() async throws {
        let (issuer, home) = try await identityCenter()
        let token = try await home.authagent("token", "work").output.filter { !$0.isNewline }
        issuer.changeRoles { $0.refused = [token] }
        let arguments = ["helper", "aws", "work", "--account-id", "123456789012", "--role", "ReadOnly"]
        let renewed = try await home.authagent(arguments)
        #expect(renewed.status == 0, "\(renewed.errors)")
        #expect(issuer.refreshCount == 1 && issuer.roleRequests.count == 2)
        let second = try await home.authagent("token", "work").output.filter { !$0.isNewline }
        issuer.changeRoles { $0.refused = [token, second] }
        let other = ["helper", "aws", "work", "--account-id", "999999999999", "--role", "ReadOnly"]
        let ended = try await home.authagent(other)
        #expect(ended.status == 3 && ended.output.isEmpty, "\(ended.errors)")
        #expect(ended.errors.contains("authagent: hint: run 'authagent login work'"), "\(ended.errors)")
    }

    @Test("a role that trusts the issuer gets the ID token at STS, under the account's name or the given one")
    func trusting() async throws {
        let demo = try await DemoLogin(scopes: ["openid"])
        try await demo.logIn()
        let missing = try await demo.home.authagent("helper", "aws", "work", "--role-arn", Self.arn)
        #expect(missing.status == 1 && missing.errors.contains("sts_url = "), "\(missing.errors)")
        try await configure(demo.home, "sts_url = \"\(demo.issuer.issuer)/sts\"\n")
        let first = try await demo.home.authagent("helper", "aws", "work", "--role-arn", Self.arn)
        #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)\(demo.home.log)")
        #expect(try members(first.output)["SessionToken"] == .string("sts-session-1"))
        let second = try await demo.home.authagent(
            "helper", "aws", "work", "--role-arn", Self.arn, "--session-name", "build", "--duration", "900")
        #expect(try members(second.output)["AccountId"] == .string("123456789012"))
        #expect(demo.issuer.roleRequests == [Self.arn + " authagent-work", Self.arn + " build 900"])
        let denied = try await demo.home.authagent("helper", "aws", "work", "--role-arn", Self.arn + "-other")
        #expect(denied.status == 1 && denied.errors.contains("AccessDenied: Not authorized"), "\(denied.errors)")
    }
}
