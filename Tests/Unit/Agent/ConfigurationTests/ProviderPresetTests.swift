import AgentAPI
import Configuration
import OAuth
import TestSupport
import Testing

struct ProviderPresetTests {
    /// A value for each parameter of the presets.
    static let samples = [
        "host": "sso.example", "tenant": "t1", "realm": "main", "application": "app", "region": "eu-west-1",
        "start_url": "https://d-1234567890.awsapps.com/start",
    ]

    @Test("the known providers have a preset, each under one name")
    func names() {
        let names = ProviderPreset.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names == names.sorted())
        #expect(
            Set(names).isSuperset(of: [
                "aws", "google", "github", "entra", "gitlab", "okta", "auth0", "keycloak", "huggingface", "salesforce",
                "twitch", "hydra", "authentik", "zitadel", "kanidm", "dex", "glewlwyd", "duende", "wso2", "indigo",
                "egi", "cilogon", "descope", "descope-app", "google-federation",
            ]))
    }

    @Test("every preset is a valid account: its issuer and endpoints are https URLs", arguments: ProviderPreset.all)
    func complete(preset: ProviderPreset) throws {
        let parameters = Self.samples.filter { sample in preset.parameters.contains { $0.name == sample.key } }
        let choice = try ProviderChoice(preset.name, parameters: parameters)
        var keys = AccountKeys(provider: choice, clientID: "c")
        if preset.machine?.grant == .tokenExchange { keys.subjectTokenFile = "/run/token" }
        let settings = try AccountSettings(keys)
        let issuer = try #require(settings.issuer)
        #expect(issuer.text.hasPrefix("https://"))
        #expect(!issuer.text.contains("{"))
        let endpoints = settings.presetEndpoints
        for endpoint in [endpoints.device, endpoints.token, endpoints.revocation, endpoints.registration]
            .compactMap(\.self)
        {
            #expect(endpoint.text.hasPrefix("https://") && !endpoint.text.contains("{"))
        }
        // Without metadata there is no other source of endpoints.
        let needsDevice = preset.machine?.grant == nil
        #expect(settings.hasMetadata || (endpoints.token != nil && (endpoints.device != nil || !needsDevice)))
        #expect(settings.dialect.deviceParameters.values.allSatisfy { !$0.contains("{") })
        #expect(preset.parameters.allSatisfy { Self.samples[$0.name] != nil }, "'login' has an option for each")
        #expect(!preset.registration.isEmpty && !preset.notes.isEmpty && preset.notes.hasSuffix("."))
    }

    @Test("Google's exchange has its grant, type and scope from the preset, and the file's keys win")
    func federation() throws {
        let fixture = try AccountFiles()
        let head =
            "provider = \"google-federation\"\nstore = \"memory\"\naudience = \"//iam.googleapis.com/x\"\n"
            + "subject_token_file = \"/run/token\"\n"
        try fixture.write(head)
        let preset = try #require(try fixture.directory.load(fixture.name))
        #expect(preset.machineGrant == .tokenExchange && preset.subjectToken == .jwt)
        #expect(preset.requestedTokenType == .accessToken && preset.clientID == nil)
        #expect(preset.scopes == ["https://www.googleapis.com/auth/cloud-platform"])
        #expect(preset.presetEndpoints.token?.text == "https://sts.googleapis.com/v1/token")
        try fixture.directory.prepare(preset, for: fixture.name).commit()
        #expect(try fixture.directory.load(fixture.name) == preset)
        try fixture.write(head + "subject_token = \"id_token\"\nscopes = [\"a\"]\n")
        let own = try #require(try fixture.directory.load(fixture.name))
        #expect(own.subjectToken == .idToken && own.scopes == ["a"])
    }

    @Test("a key of a service account and a federated credential need no more than the preset and their options")
    func machines() throws {
        var google = AccountKeys(provider: try ProviderChoice("google", parameters: [:]))
        google.accountGrant = .machine(.jwtBearer)
        google.clientKeyFile = "/etc/key.json"
        google.scopes = ["s"]
        #expect(try AccountSettings(google).clientID == nil)
        var entra = AccountKeys(provider: try ProviderChoice("entra", parameters: ["tenant": "t"]), clientID: "c")
        entra.accountGrant = .machine(.clientCredentials)
        entra.clientAssertionFile = "/run/token"
        entra.scopes = ["https://graph.microsoft.com/.default"]
        #expect(try AccountSettings(entra).scopes == ["https://graph.microsoft.com/.default"])
        var salesforce = AccountKeys(provider: try ProviderChoice("salesforce", parameters: [:]), clientID: "c")
        salesforce.accountGrant = .machine(.jwtBearer)
        salesforce.clientKeyFile = "/etc/key.pem"
        salesforce.assertionSubject = "ann@example.com"
        let settings = try AccountSettings(salesforce)
        #expect(settings.assertionAudience == "https://login.salesforce.com" && settings.scopes.isEmpty)
    }

    @Test(
        "a parameter cannot change another part of the URL",
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

    @Test("a missing, unknown or superfluous parameter is named with a hint")
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

    @Test("a file with a provider and a client id is an account, and the file wins over the preset")
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

    @Test(
        "a protocol parameter cannot be set in device_parameters",
        arguments: ["client_id", "device_code", "scope", "clientSecret", "grantType"])
    func reserved(name: String) throws {
        let fixture = try AccountFiles()
        let error = try fixture.error(
            "issuer = \"https://i.example\"\nclient_id = \"c\"\n[device_parameters]\n\(name) = \"x\"\n")
        #expect(error.problem.contains("'\(name)' cannot be set"))
    }

    @Test(
        "an invalid region is refused: it must be one label of a host name",
        arguments: [
            "", "eu", "eu-west", "eu-west-1.evil.example", "eu-west-1/x", "eu-west-1@evil", "EU-WEST-1", "eu--1",
            "-eu-west-1", "eu-west-1-", "eu-west-1\n", "eu_west_1", "eu-west-\u{661}",
            "eu-" + String(repeating: "a", count: 60) + "-1",
        ])
    func badRegion(region: String) throws {
        let error = try #require(throws: AccountSettings.Invalid.self) {
            try ProviderChoice("aws", parameters: ["region": region, "start_url": Self.samples["start_url"] ?? ""])
        }
        #expect(error.key == "region")
        #expect(error.hint.contains("eu-west-1"))
    }

    @Test(
        "regions of all partitions are accepted",
        arguments: ["eu-west-1", "us-gov-east-1", "ap-southeast-12", "eusc-de-east-1"])
    func region(region: String) throws {
        let choice = try ProviderChoice("aws", parameters: ["region": region, "start_url": "https://p.example/start"])
        let settings = try AccountSettings(AccountKeys(provider: choice))
        #expect(settings.presetEndpoints.token?.text == "https://oidc.\(region).amazonaws.com/token")
    }

    @Test(
        "a start URL must be https and complete, without a fragment",
        arguments: [
            "", "d-1.awsapps.com/start", "http://d-1.awsapps.com/start", "http://127.0.0.1/start",
            "https://d-1.awsapps.com/start#/?tab=accounts", "https://a@d-1.awsapps.com/start", "https://", "file:///x",
            "https://d-1.awsapps.com/{region}", "https://d-1.awsapps.com/start\"",
            "https://x.example/" + String(repeating: "a", count: 2048),
        ])
    func badStartURL(url: String) throws {
        let error = try #require(throws: AccountSettings.Invalid.self) {
            try ProviderChoice("aws", parameters: ["region": "eu-west-1", "start_url": url])
        }
        #expect(error.key == "start_url")
        #expect(error.hint.contains("https://"))
    }

    @Test("GitLab's refreshes invalidate earlier tokens, unless the file says otherwise", arguments: [nil, false])
    func endedTokens(own: Bool?) throws {
        let fixture = try AccountFiles()
        try fixture.write(
            "provider = \"gitlab\"\nclient_id = \"c\"\n" + (own.map { "refresh_ends_tokens = \($0)\n" } ?? ""))
        #expect(try fixture.directory.load(fixture.name)?.refreshEndsTokens == own ?? true)
        try fixture.write("issuer = \"https://i.example\"\nclient_id = \"c\"\n")
        #expect(try fixture.directory.load(fixture.name)?.refreshEndsTokens == false)
    }

    @Test("AWS needs no client id, as the agent registers one; the file's values win and are written back")
    func aws() throws {
        let fixture = try AccountFiles()
        let head = "provider = \"aws\"\nregion = \"eu-west-1\"\nstart_url = \"https://d-1.awsapps.com/start\"\n"
        try fixture.write(head)
        let preset = try #require(try fixture.directory.load(fixture.name))
        #expect(preset.clientID == nil)
        #expect(preset.dialect.encoding == .awsJSON)
        #expect(preset.clientAuthentication == .clientSecretPost)
        #expect(preset.dialect.deviceParameters == ["startUrl": "https://d-1.awsapps.com/start"])
        #expect(preset.presetEndpoints.registration?.text == "https://oidc.eu-west-1.amazonaws.com/client/register")

        let words = "registration_endpoint = \"https://r.example/x\"\nrequest_encoding = \"form\"\n"
        try fixture.write(head + "store = \"keyring\"\n" + words)
        let own = try #require(try fixture.directory.load(fixture.name))
        #expect(own.registrationEndpoint?.text == "https://r.example/x")
        #expect(own.dialect.encoding == .form)
        try fixture.directory.prepare(own, for: fixture.name).commit()
        #expect(try fixture.directory.load(fixture.name) == own)
    }

    @Test("an API like AWS's at an unknown provider needs no preset")
    func unknownProvider() throws {
        let fixture = try AccountFiles()
        try fixture.write(
            """
            issuer = "https://oidc.example"
            device_endpoint = "https://oidc.example/device_authorization"
            token_endpoint = "https://oidc.example/token"
            registration_endpoint = "https://oidc.example/client/register"
            request_encoding = "aws_json"
            [device_parameters]
            startUrl = "https://portal.example/start"
            """)
        let settings = try #require(try fixture.directory.load(fixture.name))
        #expect(settings.clientID == nil)
        #expect(settings.dialect.encoding == .awsJSON)
        #expect(settings.clientAuthentication == .clientSecretPost)
    }

    @Test("Descope's endpoints are a project's or an application's, at its own host or at a custom domain")
    func descope() throws {
        func settings(_ name: String, _ parameters: [String: String]) throws -> AccountSettings {
            try AccountSettings(AccountKeys(provider: ProviderChoice(name, parameters: parameters), clientID: "P1"))
        }
        let project = try settings("descope", ["application": "P1"])
        #expect(project.issuer?.text == "https://api.descope.com/P1")
        #expect(project.presetEndpoints.device?.text == "https://api.descope.com/oauth2/v1/P1/device")
        #expect(project.presetEndpoints.token?.text == "https://api.descope.com/oauth2/v1/token")
        #expect(project.presetEndpoints.revocation?.text == "https://api.descope.com/oauth2/v1/revoke")
        #expect(project.dialect.encoding == .formOrJSON)
        let one = try settings("descope-app", ["application": "A1", "host": "auth.example"])
        #expect(one.presetEndpoints.device?.text == "https://auth.example/A1/oauth2/v1/device")
        #expect(one.presetEndpoints.token?.text == "https://auth.example/A1/oauth2/v1/token")
        for preset in ProviderPreset.all where preset.name.hasPrefix("descope") {
            #expect(preset.authorizationEndpoint?.hasSuffix("/oauth2/v1/authorize") == true)
            #expect(preset.clientSecret == .perClient)
            #expect(Set(preset.unverified).isSuperset(of: ["offline_scope", "request_encoding"]))
        }
    }
}
