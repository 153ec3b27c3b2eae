import AgentAPI
import Testing

/// The body of `POST /v1/accounts/{account}/login`.
struct LoginRequestTests {
    private func decoded(_ body: String) throws -> LoginRequest {
        try APIJSON.decode(LoginRequest.self, from: body.utf8)
    }

    @Test("settings and the other members are members of one object")
    func flat() throws {
        var settings = LoginSettings(issuer: "https://i.example", scopes: ["a"])
        settings.pkce = false
        let request = LoginRequest(settings: settings, registrationToken: "t", timeout: 7, qrCode: true)
        let body =
            #"{"issuer":"https://i.example","pkce":false,"qr_code":true,"registration_token":"t","scopes":["a"],"timeout":7}"#
        #expect(APIJSON.text(fixed: request) == body)
        #expect(try decoded(body) == request)
    }

    @Test("without a setting there are no settings, whatever else the body has")
    func none() throws {
        for body in ["{}", #"{"timeout":7,"qr_code":true,"registration_token":"t"}"#, #"{"issuer":null,"other":1}"#] {
            #expect(try decoded(body).settings == nil, "\(body)")
        }
        #expect(APIJSON.text(fixed: LoginRequest()) == "{}")
        var request = LoginRequest(settings: LoginSettings())
        #expect(request.settings == nil)
        request.settings = LoginSettings(issuer: "https://i.example")
        request.settings?.issuer = nil
        #expect(request.settings == nil)
    }

    @Test("an empty setting is a setting", arguments: [#"{"scopes":[]}"#, #"{"provider_parameters":{}}"#])
    func empty(body: String) throws { #expect(try decoded(body).settings != nil) }

    @Test("what a caller other than the owner may send is the timeout and the QR code")
    func others() {
        let request = LoginRequest(
            settings: LoginSettings(issuer: "https://i.example"), registrationToken: "t", timeout: 7, qrCode: true)
        #expect(request.withoutSettings == LoginRequest(timeout: 7, qrCode: true))
    }
}
