import AgentAPI
import Configuration
import OAuth
import Testing

/// Ways to log in that are refused, with the reason and what to use instead (RFC 9700).
struct RefusedFlowTests {
    private func fileError(_ lines: String) throws -> ConfigurationError {
        let fixture = try AccountFiles()
        return try fixture.error("issuer = \"https://i.example\"\nclient_id = \"c\"\n" + lines)
    }

    private func optionError(_ change: (inout LoginSettings) -> Void) throws -> AccountSettings.Invalid {
        var settings = LoginSettings(issuer: "https://i.example", clientID: "c")
        change(&settings)
        var keys = AccountKeys()
        return try #require(throws: AccountSettings.Invalid.self) {
            try keys.take(settings)
            _ = try AccountSettings(keys)
        }
    }

    @Test("the implicit flow is refused as grant, response type and parameter, and the code flow is named")
    func implicit() throws {
        for lines in [
            "grant = \"implicit\"", "response_type = \"token\"", "response_type = \"id_token token\"",
            "grant_type = \"implicit\"", "[authorization_parameters]\nresponse_type = \"token\"",
            "[authorization_parameters]\nresponse_type = \"code id_token\"",
            "[device_parameters]\nresponse_type = \"token\"",
        ] {
            let error = try fileError(lines + "\n")
            #expect(error.problem.contains("RFC 9700 §2.1.2") && error.hint.contains("code"), "\(lines)")
        }
        for value in ["implicit", "token", "id_token"] {
            let error = try optionError { $0.grant = value }
            #expect(error.problem.contains("RFC 9700 §2.1.2") && error.hint.contains("--code"))
        }
        let parameter = try optionError { $0.authorizationParameters = ["response_type": "token"] }
        #expect(parameter.problem.contains("RFC 9700 §2.1.2"))
    }

    @Test("the password grant is refused as grant and grant type, and device and code are named")
    func password() throws {
        for lines in ["grant = \"password\"", "grant_type = \"password\""] {
            let error = try fileError(lines + "\n")
            #expect(error.problem.contains("RFC 9700 §2.4") && error.hint.contains("--device or --code"), "\(lines)")
        }
        let error = try optionError { $0.grant = "password" }
        #expect(error.problem.contains("RFC 9700 §2.4") && error.hint.contains("--device or --code"))
    }

    @Test("PKCE with plain is refused as key and parameter, and S256 is named")
    func plain() throws {
        for lines in [
            "pkce = \"plain\"", "code_challenge_method = \"plain\"",
            "[authorization_parameters]\ncode_challenge_method = \"plain\"",
        ] {
            let error = try fileError(lines + "\n")
            #expect(error.problem.contains("RFC 9700 §2.1.1") && error.hint.contains("S256"), "\(lines)")
        }
        let error = try optionError { $0.authorizationParameters = ["code_challenge_method": "plain"] }
        #expect(error.hint.contains("S256"))
    }

    @Test(
        "the out-of-band redirect URI is refused as key, option and parameter, and the ways without a browser are named"
    )
    func outOfBand() throws {
        for uri in ["urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob:auto", "oob"] {
            let file = try fileError("redirect_uri = \"\(uri)\"\n")
            #expect(file.problem.contains("phishing") && file.hint.contains("pasted"))
            let option = try optionError { $0.redirectURI = uri }
            #expect(option.problem.contains("phishing") && option.hint.contains("ssh -L"))
        }
        let parameter = try optionError { $0.authorizationParameters = ["redirect_uri": "urn:ietf:wg:oauth:2.0:oob"] }
        #expect(parameter.problem.contains("phishing"))
    }

    @Test(
        "what is not a flow at all is refused as an unknown value or key",
        arguments: [
            "grant = \"magic\"", "response_type = \"code\"", "redirect_uri = \"http://127.0.0.1/*\"",
            "redirect_uri = \"http://app.example/back\"", "redirect_uri = \"https://u@app.example/\"",
            "redirect_uri = \"http://127.0.0.1/#a\"", "login_hint = \"\"", "login_hint = \"a\\tb\"", "par = \"yes\"",
            "grant = \"code\"\npkce = false", "[authorization_parameters]\nstate = \"x\"",
            "[authorization_parameters]\nresponse_mode = \"form_post\"", "[authorization_parameters]\nprompt = 1",
        ])
    func others(lines: String) throws {
        let error = try fileError(lines + "\n")
        #expect(!error.problem.isEmpty && !error.hint.isEmpty)
    }
}
