import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// What `authagent doctor` sees of accounts without a person.
@Suite(.timeLimit(.minutes(5)))
struct MachineDoctorTests {
    private func checks(_ demo: DemoMachines, _ id: DoctorCheck.ID) async throws -> [DoctorCheck] {
        let result = try await demo.home.authagent("doctor", "--json")
        return try APIJSON.decode(DoctorReport.self, from: result.output.utf8).checks.filter { $0.id == id }
    }

    @Test("an assertion file that is there, expires soon, has expired, or is not one; it is never shown")
    func assertionFile() async throws {
        let demo = try await DemoMachines()
        let signer = try TokenSigner()
        let path = demo.home.files.path + "/token"
        try demo.machines.write(
            "robot", issuer: demo.issuer.issuer, "grant = \"client_credentials\"",
            "client_assertion_file = \"\(path)\"")
        let now = Int(Date().timeIntervalSince1970)
        let cases: [(String?, DoctorCheck.State, String)] = [
            (nil, .problem, "missing"), (try signer.token(["exp": "\(now + 3600)"]), .ok, "expires"),
            (try signer.token(["exp": "\(now + 20)"]), .warning, "expires"),
            (try signer.token(["exp": "\(now - 3600)"]), .problem, "expired"),
            (try signer.token(["sub": #""x""#]), .ok, "no expiry"), ("nonsense", .problem, "not an assertion"),
        ]
        for (text, state, words) in cases {
            if let text { try demo.home.files.file("token", text) }
            let check = try #require(try await checks(demo, .accountAssertion).first)
            #expect(check.state == state && check.detail.contains(words) && check.detail.contains(path), "\(check)")
            #expect(check.account?.description == "robot")
            if let text { #expect(!check.detail.contains(text)) }
        }
    }

    @Test("a key file of the wrong kind is a problem with its path, and a usable one says its algorithm")
    func keyFile() async throws {
        let demo = try await DemoMachines()
        let path = demo.home.files.path + "/key"
        try demo.machines.write(
            "robot", issuer: demo.issuer.issuer, "grant = \"jwt_bearer\"", "client_key_file = \"\(path)\"")
        let publicKey = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ==\n-----END PUBLIC KEY-----\n"
        let cases: [(String, Int, DoctorCheck.State, String)] = [
            (try TestKeys.p256(), 0o600, .ok, "ES256"), (publicKey, 0o600, .problem, "public key"),
            (#"{"type":"authorized_user"}"#, 0o600, .problem, "authorized_user"),
            (try TestKeys.p256(), 0o644, .problem, "others may read"),
        ]
        for (text, mode, state, words) in cases {
            try demo.home.files.file("key", text, mode: mode)
            let check = try #require(try await checks(demo, .accountKey).first)
            #expect(check.state == state && check.detail.contains(words) && check.detail.contains(path), "\(check)")
        }
    }

    @Test("a derived account whose subject has no login is a problem that names the subject's login command")
    func subject() async throws {
        let demo = try await DemoMachines()
        try await demo.logIn()
        try demo.writeExchange("derived", of: "person")
        #expect(try await demo.home.authagent("reload").status == 0)
        let good = try #require(try await checks(demo, .accountSubject).first)
        #expect(good.state == .ok && good.detail.contains("'person'"), "\(good)")
        #expect(try await demo.home.authagent("logout", "person").status == 0)
        let bad = try #require(try await checks(demo, .accountSubject).first)
        #expect(bad.state == .problem && bad.detail.contains("'person'"), "\(bad)")
        #expect(bad.hint?.contains("authagent login person") == true, "\(bad)")
    }

    @Test("an account without a person needs no device authorization endpoint")
    func endpoints() async throws {
        let demo = try await DemoMachines { $0.hasDevice = false }
        try demo.writeService()
        let check = try #require(try await checks(demo, .accountEndpoints).first)
        #expect(check.state == .ok && check.detail.contains("/token"), "\(check)")
    }
}
