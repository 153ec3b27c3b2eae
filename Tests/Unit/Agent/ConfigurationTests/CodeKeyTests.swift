import AgentAPI
import Configuration
import OAuth
import Testing

/// The keys of a login by authorization code.
struct CodeKeyTests {
    @Test("the keys are read, and written back as they were")
    func roundTrip() throws {
        let fixture = try AccountFiles()
        try fixture.write(
            """
            issuer = "https://i.example"
            client_id = "c"
            store = "keyring"
            grant = "code"
            redirect_uri = "http://127.0.0.1:8400/callback"
            par = true
            login_hint = "me@example.com"
            authorization_endpoint = "https://i.example/authorize"
            [authorization_parameters]
            prompt = "consent"
            """)
        let settings = try #require(try fixture.directory.load(fixture.name))
        #expect(settings.keys.grant == .code && settings.keys.par == true)
        #expect(settings.redirectURI?.text == "http://127.0.0.1:8400/callback")
        #expect(settings.loginHint == "me@example.com")
        #expect(settings.authorizationEndpoint?.text == "https://i.example/authorize")
        #expect(settings.authorizationParameters.values == ["prompt": "consent"])
        try fixture.directory.prepare(settings, for: fixture.name).commit()
        #expect(try fixture.directory.load(fixture.name) == settings)
    }

    @Test("the file's parameters are added to the preset's, and win over them")
    func preset() throws {
        let google = try ProviderChoice("google", parameters: [:])
        var keys = AccountKeys(provider: google, clientID: "c")
        #expect(
            try AccountSettings(keys).authorizationParameters.values == ["access_type": "offline", "prompt": "consent"])
        #expect(try AccountSettings(keys).redirectURI?.text == "http://127.0.0.1/callback")
        keys.authorizationParameters = ["prompt": "select_account", "hd": "example.com"]
        #expect(
            try AccountSettings(keys).authorizationParameters.values
                == ["access_type": "offline", "prompt": "select_account", "hd": "example.com"])
        // Another issuer is another server: nothing of the preset's is sent there.
        keys.issuer = try Issuer(parsing: "https://other.example")
        #expect(try AccountSettings(keys).authorizationParameters.values == keys.authorizationParameters)
        #expect(try AccountSettings(keys).redirectURI == nil)
    }

    @Test("each preset's redirect URI is on this machine, with a port where the provider compares it")
    func redirectURIs() throws {
        for preset in ProviderPreset.all {
            guard let flow = preset.codeFlow else { continue }
            let redirectURI = try RedirectURI(parsing: flow.redirectURI)
            #expect(redirectURI.isLoopback, "\(preset.name)")
            #expect(redirectURI.takesAnyPort == (flow.variablePort == true), "\(preset.name)")
            #expect(preset.authorizationEndpoint != nil, "\(preset.name)")
            #expect(throws: Never.self) { _ = try AuthorizationParameters(flow.parameters) }
        }
    }

    @Test("endpoints without an issuer must be those of the grant")
    func endpoints() throws {
        func keys(_ grant: GrantKind?, device: Bool, authorization: Bool) throws -> AccountKeys {
            var keys = AccountKeys(clientID: "c")
            keys.grant = grant
            keys.tokenEndpoint = try EndpointURL(parsing: "https://i.example/token")
            if device { keys.deviceEndpoint = try EndpointURL(parsing: "https://i.example/device") }
            if authorization { keys.authorizationEndpoint = try EndpointURL(parsing: "https://i.example/authorize") }
            return keys
        }
        for (grant, device, authorization) in [
            (nil, true, false), (nil, false, true), (.code, false, true), (.device, true, false), (.code, true, true),
        ] as [(GrantKind?, Bool, Bool)] {
            let settings = try AccountSettings(try keys(grant, device: device, authorization: authorization))
            #expect(settings.hasLoginEndpoints)
        }
        for (grant, device, authorization) in [
            (nil, false, false), (.code, true, false), (.device, false, true), (.ciba, true, true),
        ] as [(GrantKind?, Bool, Bool)] {
            let error = #expect(throws: AccountSettings.Invalid.self) {
                try AccountSettings(try keys(grant, device: device, authorization: authorization))
            }
            #expect(error?.key == "issuer")
        }
    }
}
