import AgentAPI
import Foundation
import TestSupport
import Testing

/// The JWT bearer grant through the real programs, at canaille.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct AssertionServerTests {
    private func account(_ canaille: Canaille, subject: String = "bea") throws -> MachineHome {
        let machines = try MachineHome()
        let key = try machines.home.files.file(
            "robot.pem", String(contentsOfFile: canaille.keyFile, encoding: .utf8))
        try machines.write(
            "robot", issuer: canaille.issuer, client: "robot", "grant = \"jwt_bearer\"",
            "client_key_file = \"\(key)\"", "assertion_subject = \"\(subject)\"", "scopes = [\"profile\", \"email\"]")
        return machines
    }

    @Test("a token for a person who has agreed, by an assertion that the agent signs; renewed without a login")
    func signed() async throws {
        let canaille = try await Canaille.start()
        let machines = try account(canaille)
        let first = try await machines.token("robot")
        #expect(Set(first.scope.split(separator: " ")) == ["profile", "email"])
        #expect(try await machines.token("robot", "--renew").accessToken.isEmpty == false)
        let inspected = try await machines.home.authagent("inspect", "robot")
        #expect(inspected.output.contains("bea@example.com"), "\(inspected.output)\(inspected.errors)")
        #expect(try await machines.home.authagent("logout", "robot").status == 0)
        #expect(try await machines.token("robot").accessToken.isEmpty == false)
    }

    @Test("a person whom the server does not know is a refusal with its reason, not a missing login")
    func stranger() async throws {
        let canaille = try await Canaille.start()
        let machines = try account(canaille, subject: "bob")
        let result = try await machines.home.authagent("token", "robot")
        #expect(result.status == 1, "\(result.errors)")
        #expect(
            result.errors.contains("invalid_grant") || result.errors.contains("Invalid 'sub' value"), "\(result.errors)"
        )
        #expect(try await machines.problem("robot").code == .providerRejected)
    }
}
