import Accounts
import AuthagentTestSupport
import OAuth
import Testing

struct ProviderPresetTests {
    /// A value for each parameter that a preset may have.
    static let samples = ["host": "sso.example", "tenant": "t1", "realm": "main", "application": "app"]

    @Test("the providers that people use have a preset, each under one name")
    func names() {
        let names = ProviderPreset.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names == names.sorted())
        #expect(
            Set(names).isSuperset(of: [
                "google", "github", "entra", "gitlab", "okta", "auth0", "keycloak", "huggingface", "salesforce",
                "twitch", "hydra", "authentik", "zitadel", "kanidm", "dex", "glewlwyd", "duende", "wso2", "indigo",
                "egi", "cilogon", "descope",
            ]))
    }

    @Test("every preset makes an account: its issuer and endpoints are https URLs", arguments: ProviderPreset.all)
    func complete(preset: ProviderPreset) throws {
        let parameters = Self.samples.filter { sample in preset.parameters.contains { $0.name == sample.key } }
        let choice = try ProviderChoice(preset.name, parameters: parameters)
        let settings = try AccountSettings(AccountKeys(provider: choice, clientID: "c"))
        let issuer = try #require(settings.issuer)
        #expect(issuer.text.hasPrefix("https://"))
        #expect(!issuer.text.contains("{"))
        let endpoints = settings.presetEndpoints
        for endpoint in [endpoints.device, endpoints.token, endpoints.revocation].compactMap(\.self) {
            #expect(endpoint.text.hasPrefix("https://") && !endpoint.text.contains("{"))
        }
        // Without metadata there is nothing else to go by.
        #expect(settings.hasMetadata || (endpoints.device != nil && endpoints.token != nil))
        #expect(preset.parameters.allSatisfy { Self.samples[$0.name] != nil }, "'login' has an option for each")
        #expect(!preset.registration.isEmpty && !preset.notes.isEmpty && preset.notes.hasSuffix("."))
        let fields = Set(Mirror(reflecting: preset).children.compactMap(\.label)).union(["metadata"])
        #expect(fields.isSuperset(of: preset.unverified), "\(preset.unverified)")
    }

    @Test(
        "a parameter reaches into no other part of the URL",
        arguments: [
            ("host", "evil.example/x"), ("host", "a@evil.example"), ("host", "evil.example#"), ("host", "a b"),
            ("host", ""), ("realm", ".."), ("realm", "a/../../x"), ("realm", "a?b"), ("realm", "a%2fb"),
            ("realm", "a\n"), ("realm", String(repeating: "a", count: 256)),
        ])
    func unsafe(name: String, value: String) {
        var parameters = ["host": "sso.example", "realm": "main"]
        parameters[name] = value
        #expect(throws: AccountSettings.Invalid.self) { try ProviderChoice("keycloak", parameters: parameters) }
    }

    @Test("what is missing, unknown or too much is named with its remedy")
    func refused() throws {
        let missing = try #require(throws: AccountSettings.Invalid.self) {
            try ProviderChoice("keycloak", parameters: ["host": "sso.example"])
        }
        #expect(missing.key == "realm")
        #expect(missing.hint.contains("--realm"))
        let unknown = try #require(throws: AccountSettings.Invalid.self) {
            try ProviderChoice("gogle", parameters: [:])
        }
        #expect(unknown.hint.contains("authagent providers"))
        let tooMuch = try #require(throws: AccountSettings.Invalid.self) {
            try ProviderChoice("google", parameters: ["realm": "x"])
        }
        #expect(tooMuch.key == "realm")
    }

    @Test("a file with a provider and a client id is an account, and what the file says wins over the preset")
    func file() throws {
        let fixture = try AccountFiles()
        try fixture.write("provider = \"twitch\"\nclient_id = \"c\"\n")
        let preset = try #require(try fixture.directory.load(fixture.name))
        #expect(preset.issuer?.text == "https://id.twitch.tv/oauth2")
        #expect(!preset.hasMetadata)
        #expect(preset.dialect.scopeParameter == "scopes")

        try fixture.write(
            """
            provider = "keycloak"
            host = "sso.example"
            realm = "main"
            client_id = "c"
            scopes = ["openid"]
            scope_parameter = "scp"
            [device_parameters]
            audience = "https://api.example/"
            """)
        let own = try #require(try fixture.directory.load(fixture.name))
        #expect(own.issuer?.text == "https://sso.example/realms/main")
        #expect(own.scopes == ["openid"])
        #expect(own.dialect.scopeParameter == "scp")
        #expect(own.dialect.deviceParameters == ["audience": "https://api.example/"])
    }

    @Test("a parameter of the protocol itself cannot be set by hand", arguments: ["client_id", "device_code", "scope"])
    func reserved(name: String) throws {
        let fixture = try AccountFiles()
        let error = try fixture.error(
            "issuer = \"https://i.example\"\nclient_id = \"c\"\n[device_parameters]\n\(name) = \"x\"\n")
        #expect(error.problem.contains("'\(name)' is not for you to set"))
    }
}
