import Foundation
import TestSupport
import Testing

/// What other programs' logins have, and this one does not: refused with the reason and the flow to use instead.
struct RefusedLoginOptionTests {
    private func refusal(_ options: [String]) async throws -> String {
        let home = try AgentHome()
        let result = try await home.client(["login", "work"] + options).result()
        #expect(result.status == 2)
        #expect(result.output.isEmpty)
        #expect(home.daemonPID == nil, "an agent was started")
        return result.errors
    }

    @Test(
        "the implicit grant is refused",
        arguments: [["--implicit"], ["--grant", "implicit"], ["--grant-type=implicit"]])
    func implicit(options: [String]) async throws {
        let errors = try await refusal(options)
        #expect(errors.contains("RFC 9700 section 2.1.2") && errors.contains("use '--code'"), "\(errors)")
    }

    @Test("response types with tokens are refused", arguments: ["token", "id_token", "code token"])
    func responseType(type: String) async throws {
        let errors = try await refusal(["--response-type", type])
        #expect(errors.contains("RFC 9700 section 2.1.2") && errors.contains("use '--code'"), "\(errors)")
    }

    @Test(
        "the password grant is refused, and the password is not repeated",
        arguments: [
            ["--password", "hunter2"], ["--password=hunter2"], ["--username", "hunter2"], ["--grant", "password"],
        ])
    func password(options: [String]) async throws {
        let errors = try await refusal(options)
        #expect(errors.contains("RFC 9700 section 2.4") && errors.contains("use '--code' or '--device'"), "\(errors)")
        #expect(!errors.contains("hunter2"))
    }

    @Test("PKCE with 'plain' is refused", arguments: [["--pkce-method", "plain"], ["--code-challenge-method=plain"]])
    func plain(options: [String]) async throws {
        let errors = try await refusal(options)
        #expect(errors.contains("RFC 9700 section 2.1.1") && errors.contains("use '--code'"), "\(errors)")
    }

    @Test("out-of-band redirects are refused", arguments: ["--oob", "--out-of-band"])
    func outOfBand(option: String) async throws {
        let errors = try await refusal([option])
        #expect(errors.contains("urn:ietf:wg:oauth:2.0:oob") && errors.contains("use '--code', and paste"), "\(errors)")
    }

    @Test(
        "a secret in an argument is refused and not repeated", arguments: ["--client-secret", "--registration-token"])
    func secret(option: String) async throws {
        let errors = try await refusal([option, "s3cret"])
        #expect(errors.contains("use '\(option)-file FILE'"), "\(errors)")
        #expect(!errors.contains("s3cret"))
    }

    @Test(
        "two grants, a demand without its other half, or what is not JSON is refused",
        arguments: [
            (["--code", "--device"], "exclude each other"), (["--elevate"], "--elevate needs --acr"),
            (["--max-age", "-1"], "--max-age"), (["--acr", ""], "--acr is empty"),
            (["--claims", "{"], "is not a JSON object"), (["--authorization-details", "{}"], "is not a JSON array"),
            (["--claims", "@/nonexistent"], "cannot read /nonexistent"),
            (["--paste", "--browser-here"], "goes without --browser-here"),
            (["--paste", "--scope=mail"], "goes without --scope"), (["--bare-code"], "--bare-code is for --paste only"),
            (["--user-code", "--code"], "for --ciba only"),
        ])
    func combinations(options: [String], text: String) async throws {
        let home = try AgentHome()
        let result = try await home.client(["login", "work"] + options).result()
        #expect(result.status != 0 && result.errors.contains(text), "\(result.errors)")
        #expect(home.daemonPID == nil, "an agent was started")
    }
}
