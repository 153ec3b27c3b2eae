import AgentAPI
import Configuration
import Foundation
import OAuth
import TestSupport
import Testing

/// The account files of a user, in a temporary directory.
struct AccountFiles {
    let files: TemporaryDirectory
    let directory: AccountDirectory
    let name: AccountName

    init() throws {
        files = try TemporaryDirectory()
        try files.directory("user")
        try files.directory("system")
        directory = AccountDirectory(user: files.path + "/user", system: files.path + "/system")
        name = try #require(AccountName("work"))
    }

    func write(_ text: String, in place: String = "user", mode: Int = 0o600) throws {
        try files.file("\(place)/work.toml", text, mode: mode)
    }

    /// Returns the error of a file with this text.
    func error(_ text: String) throws -> ConfigurationError {
        try write(text)
        return try #require(throws: ConfigurationError.self) { try directory.load(name) }
    }
}

struct AccountFileTests {
    @Test(
        "a duration out of range is refused",
        arguments: ["-9223372036854775808d", "9223372036854775807s", "0s", "-1d", "366d", "d", "", "1", "1w"])
    func spans(text: String) throws {
        let fixture = try AccountFiles()
        let error = try fixture.error(Self.good + "keep_alive = \"\(text)\"\n")
        #expect(error.problem.contains("keep_alive"))
        #expect(error.line == 3)
    }

    @Test(
        "an escaped NUL is refused, because the rest of its text would be ignored",
        arguments: [#"urls = ["https://h.example/\u0000x"]"#, #"audience = "a\U00000000""#, #"audience = "\\\u0000""#])
    func escapedNUL(line: String) throws {
        let error = try AccountFiles().error(Self.good + line + "\n")
        #expect(error.line == 3 && error.problem == "a text contains the character NUL", "\(error)")
    }

    @Test("four zeros after an escaped backslash, or in a comment, do not count as an escape")
    func zeros() throws {
        let fixture = try AccountFiles()
        try fixture.write(Self.good + "audience = \"a\\\\u0000\"\n  # \\u0000\n")
        #expect(try fixture.directory.load(fixture.name)?.audience == #"a\u0000"#)
    }

    static let good = "issuer = \"https://issuer.example/a\"\nclient_id = \"tv\"\n"

    @Test("a file with an issuer and a client id is an account that uses the keyring")
    func smallest() throws {
        let fixture = try AccountFiles()
        try fixture.write(Self.good)
        let settings = try #require(try fixture.directory.load(fixture.name))
        #expect(settings.issuer?.text == "https://issuer.example/a")
        #expect(settings.clientID == "tv")
        #expect(settings.store == .keyring)
        #expect(settings.scopes.isEmpty)
    }

    @Test(
        "an invalid audience or resource is refused, with the key that names it",
        arguments: [("audience", "\"\""), ("resources", "[\"api\"]"), ("resources", "[\"urn:a#b\"]")])
    func place(key: String, value: String) throws {
        let error = try AccountFiles().error(Self.good + "\(key) = \(value)\n")
        #expect(error.line == 3)
        #expect(error.problem.contains(key == "audience" ? "the audience" : "the resource"))
    }

    @Test("the services of AWS are the file's, else the preset's, and none beside another issuer than the preset's")
    func awsServices() throws {
        let aws = "provider = \"aws\"\nregion = \"eu-west-1\"\nstart_url = \"https://d-1.awsapps.com/start\"\n"
        func load(_ text: String) throws -> AWSServices {
            let fixture = try AccountFiles()
            try fixture.write(text)
            return try #require(try fixture.directory.load(fixture.name)).aws
        }
        let preset = try load(aws)
        #expect(preset.portal?.text == "https://portal.sso.eu-west-1.amazonaws.com")
        #expect(preset.sts?.text == "https://sts.eu-west-1.amazonaws.com/")
        let own = try load(aws + "sts_url = \"https://sts.example/\"\n")
        #expect(own.portal == preset.portal && own.sts?.text == "https://sts.example/")
        let other = try load(
            aws + "issuer = \"https://oidc.example\"\nclient_id = \"c\"\nsso_portal_url = \"https://p.example\"\n")
        #expect(other.portal?.text == "https://p.example" && other.sts == nil)
        let plain = try load(Self.good)
        #expect(plain.portal == nil && plain.sts == nil)
        for line in [
            "sso_portal_url = \"http://portal.example\"", "sts_url = \"http://10.0.0.1/\"", "sts_url = \"x\"",
            "sts_url = \"https://sts.example/?a=b\"", "sso_portal_url = \"https://u@portal.example\"",
        ] {
            #expect(throws: ConfigurationError.self, "\(line)") { _ = try load(Self.good + line + "\n") }
        }
    }

    @Test("settings with any characters are read back as they were written")
    func roundTrip() throws {
        let fixture = try AccountFiles()
        var keys = AccountKeys(
            issuer: try Issuer(parsing: "https://issuer.example/a"),
            clientID: "a \"quoted\" \\ id",
            scopes: ["openid", "https://scope.example/read"],
            store: .memory,
            deviceEndpoint: try EndpointURL(parsing: "https://issuer.example/device"),
            tokenEndpoint: try EndpointURL(parsing: "https://issuer.example/token"),
            revocationEndpoint: try EndpointURL(parsing: "https://issuer.example/revoke"),
            clientAuthentication: .clientSecretPost,
            clientSecretFile: "/etc/secret",
            keepAlive: .seconds(7200),
            expectedSubject: "auth0|\"ann\""
        )
        keys.provider = try ProviderChoice("keycloak", parameters: ["host": "sso.example:8443", "realm": "main"])
        (keys.lockAfter, keys.lifetime) = (.seconds(600), .seconds(28_800))
        keys.scopeParameter = "scopes"
        keys.deviceGrantType = "device"
        keys.deviceCodeParameter = "code"
        keys.clientKeyFile = "/etc/keys/tv.pem"
        keys.clientCertificateFile = "/etc/keys/tv.crt"
        keys.assertionAudience = .issuer
        (keys.audience, keys.resources) = ("https://api.example/", ["urn:a", "https://b.example/"])
        keys.refreshEndsTokens = true
        keys.believeOmittedScope = true
        keys.pkce = false
        keys.deviceParameters = ["audience": "https://api.example/", "odd.name": "a\"b"]
        keys.registrationEndpoint = try EndpointURL(parsing: "https://issuer.example/register")
        keys.ssoPortal = try EndpointURL(parsing: "https://portal.example")
        keys.sts = try EndpointURL(parsing: "http://localhost:1/sts")
        keys.requestEncoding = .form
        let settings = try AccountSettings(keys)
        try fixture.directory.prepare(settings, for: fixture.name).commit()
        #expect(try fixture.directory.load(fixture.name) == settings)
        #expect(try String(contentsOfFile: fixture.files.path + "/user/work.toml", encoding: .utf8) == Self.written)
    }

    /// Every key, in the order in which a login writes them.
    private static let written = #"""
        # Written by 'authagent login'. Edit it as you like; 'authagent reload' applies changes.
        # The keys are described in authagent.toml(5). Do not store secrets here.
        provider = "keycloak"
        host = "sso.example:8443"
        realm = "main"
        issuer = "https://issuer.example/a"
        client_id = "a \"quoted\" \\ id"
        scopes = ["openid", "https://scope.example/read"]
        audience = "https://api.example/"
        resources = ["urn:a", "https://b.example/"]
        store = "memory"
        device_endpoint = "https://issuer.example/device"
        token_endpoint = "https://issuer.example/token"
        revocation_endpoint = "https://issuer.example/revoke"
        registration_endpoint = "https://issuer.example/register"
        sso_portal_url = "https://portal.example"
        sts_url = "http://localhost:1/sts"
        client_auth = "client_secret_post"
        client_secret_file = "/etc/secret"
        client_key_file = "/etc/keys/tv.pem"
        client_certificate_file = "/etc/keys/tv.crt"
        assertion_audience = "issuer"
        pkce = false
        keep_alive = "7200s"
        lock_after = "600s"
        lifetime = "28800s"
        expected_subject = "auth0|\"ann\""
        scope_parameter = "scopes"
        device_grant_type = "device"
        device_code_parameter = "code"
        request_encoding = "form"
        refresh_ends_tokens = true
        believe_omitted_scope = true
        [device_parameters]
        "audience" = "https://api.example/"
        "odd.name" = "a\"b"

        """#

    @Test("an unknown key is refused with its line and the nearest key")
    func unknownKey() throws {
        let error = try AccountFiles().error(Self.good + "\nscoops = [\"a\"]\n")
        #expect(error.line == 4)
        #expect(error.problem.contains("scoops"))
        #expect(error.hint.contains("'scopes'"))
    }

    @Test("believe_omitted_scope is false by default, and suggested for similar keys")
    func belief() throws {
        let files = try AccountFiles()
        for (line, isBelieved) in [
            ("", false), ("believe_omitted_scope = true\n", true), ("believe_omitted_scope = false\n", false),
        ] {
            try files.write(Self.good + "\n" + line)
            #expect(try files.directory.load(files.name)?.believesOmittedScope == isBelieved)
        }
        #expect(
            try files.error(Self.good + "\nbelieve_omitted_scopes = true\n").hint.contains("'believe_omitted_scope'"))
        #expect(try files.error(Self.good + "\nbelieve_omitted_scope = \"yes\"\n").line == 4)
    }

    @Test(
        "an invalid account is refused with the line of the wrong key",
        arguments: [
            ("issuer = \"http://issuer.example\"\nclient_id = \"tv\"\n", 1),
            ("client_id = \"tv\"\nissuer = \"https://a b\"\n", 2),
            ("client_id = \"tv\"\nissuer = 5\n", 2),
            (good + "scopes = \"openid\"\n", 3),
            (good + "scopes = [\"a b\"]\n", 3),
            (good + "store = \"plain\"\n", 3),
            (good + "keep_alive = \"soon\"\n", 3),
            (good + "lock_after = \"30s\"\n", 3),
            (good + "lifetime = 8\n", 3),
            (good + "keep_alive = \"99999999999999999999d\"\n", 3),
            (good + "client_secret_file = \"relative\"\n", 3),
            (good + "client_key_file = \"relative\"\n", 3),
            (good + "client_certificate_file = \"/c.pem\"\n", 3),
            (good + "client_auth = \"private_key_jwt\"\n", 3),
            (good + "client_auth = \"tls_client_auth\"\nclient_key_file = \"/k.pem\"\n", 3),
            (good + "assertion_audience = \"everybody\"\n", 3),
            (good + "pkce = \"yes\"\n", 3),
            (good + "device_parameters = {code_challenge = \"x\"}\n", 3),
            (good + "token_endpoint = \"https://u:p@issuer.example\"\n", 3),
            (good + "expected_subject = \"\"\n", 3),
            (good + "expected_subject = \"\u{e9}\"\n", 3),
            (good + "expected_subject = \"a\\u0007\"\n", 3),
            (good + "expected_subject = 7\n", 3),
            (
                "client_id = \"tv\"\nexpected_subject = \"ann\"\ndevice_endpoint = \"https://l.example/d\"\n"
                    + "token_endpoint = \"https://l.example/t\"\n", 2
            ),
            (good + "scopes = [\n", 3),
            (good + "issuer = \"https://other.example\"\n", 3),
        ])
    func refused(text: String, line: Int) throws {
        let error = try AccountFiles().error(text)
        #expect(abs((error.line ?? 0) - line) <= 1)
        #expect(error.description.contains("work.toml:"))
        #expect(!error.hint.isEmpty)
    }

    @Test(
        "a file without a required key is refused",
        arguments: [
            "", "client_id = \"tv\"\n", "provider = \"twitch\"\n",
            "device_endpoint = \"https://i.example/d\"\ntoken_endpoint = \"https://i.example/t\"\n",
            "issuer = \"https://i.example\"\nclient_secret_file = \"/secret\"\n",
            "issuer = \"https://i.example\"\nclient_key_file = \"/key\"\n",
        ])
    func incomplete(text: String) throws { _ = try AccountFiles().error(text) }

    @Test("without a client id the agent registers one, and the file stays without it")
    func registered() throws {
        let fixture = try AccountFiles()
        try fixture.write("issuer = \"https://issuer.example/a\"\n")
        let settings = try #require(try fixture.directory.load(fixture.name))
        #expect(settings.clientID == nil)
        let file = try fixture.directory.prepare(settings, for: fixture.name)
        try file.commit()
        #expect(try #require(try fixture.directory.load(fixture.name)).clientID == nil)
    }

    @Test("an issuer is not needed if both endpoints are configured")
    func endpoints() throws {
        let fixture = try AccountFiles()
        try fixture.write(
            """
            client_id = "tv"
            device_endpoint = "https://login.example/device"
            token_endpoint = "https://login.example/token"
            """)
        #expect(try fixture.directory.load(fixture.name)?.providerName == "https://login.example")
    }

    @Test(
        "a secret in the file is refused, and the error does not repeat it",
        arguments: ["client_secret", "refresh_token"])
    func secret(key: String) throws {
        let error = try AccountFiles().error(Self.good + "\(key) = \"canary-1\"\n")
        #expect(!error.description.contains("canary-1"))
        #expect(!error.hint.contains("canary-1"))
    }

    @Test("a file that others may write to is refused with the command that repairs it")
    func loose() throws {
        let fixture = try AccountFiles()
        try fixture.write(Self.good, mode: 0o666)
        let error = try #require(throws: ConfigurationError.self) { try fixture.directory.load(fixture.name) }
        #expect(error.hint.contains("chmod go-w"))
    }

    @Test("a directory that others may write to is refused")
    func looseDirectory() throws {
        let fixture = try AccountFiles()
        try fixture.write(Self.good)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: fixture.files.path + "/user")
        #expect(throws: ConfigurationError.self) { try fixture.directory.load(fixture.name) }
    }

    @Test("neither a directory, a device nor a huge file is read as an account")
    func strange() throws {
        let fixture = try AccountFiles()
        try fixture.files.directory("user/work.toml")
        #expect(throws: ConfigurationError.self) { try fixture.directory.load(fixture.name) }
        try FileManager.default.removeItem(atPath: fixture.files.path + "/user/work.toml")
        try fixture.write(Self.good + "#" + String(repeating: "x", count: 70_000))
        #expect(throws: ConfigurationError.self) { try fixture.directory.load(fixture.name) }
    }
}

struct AccountDirectoryTests {
    @Test("the user's file wins over the system's")
    func precedence() throws {
        let fixture = try AccountFiles()
        try fixture.write("issuer = \"https://fleet.example\"\nclient_id = \"f\"\n", in: "system", mode: 0o644)
        #expect(try fixture.directory.load(fixture.name)?.clientID == "f")
        try fixture.write("issuer = \"https://user.example\"\nclient_id = \"u\"\n")
        #expect(try fixture.directory.load(fixture.name)?.clientID == "u")
    }

    @Test("with one bad file, the other accounts are loaded")
    func oneBad() throws {
        let fixture = try AccountFiles()
        try fixture.write("nonsense")
        try fixture.files.file("user/good.toml", AccountFileTests.good)
        try fixture.files.file("user/.hidden.toml", "nonsense")
        try fixture.files.file("user/notes.txt", "nonsense")
        let (accounts, errors) = fixture.directory.loadAll()
        #expect(accounts.keys.map(\.description) == ["good"])
        #expect(errors.keys.map(\.description) == ["work"])
    }

    @Test("a prepared file changes nothing until it is committed, and leaves nothing if it is not")
    func prepared() throws {
        let fixture = try AccountFiles()
        try fixture.write(AccountFileTests.good)
        let settings = try AccountSettings(
            AccountKeys(issuer: try Issuer(parsing: "https://new.example"), clientID: "n"))
        do {
            let file = try fixture.directory.prepare(settings, for: fixture.name)
            #expect(try fixture.directory.load(fixture.name)?.clientID == "tv")
            withExtendedLifetime(file) {}
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.files.path + "/user") == ["work.toml"])
    }

    @Test("a directory that cannot be written to is detected before the approval")
    func unwritable() throws {
        let files = try TemporaryDirectory()
        try files.file("blocked", "")
        let directory = AccountDirectory(user: files.path + "/blocked/accounts", system: files.path)
        let settings = try AccountSettings(AccountKeys(issuer: try Issuer(parsing: "https://i.example"), clientID: "n"))
        let name = try #require(AccountName("work"))
        #expect(throws: ConfigurationError.self) { try directory.prepare(settings, for: name) }
    }

    @Test("written files and directories are private")
    func modes() throws {
        let files = try TemporaryDirectory()
        let directory = AccountDirectory(user: files.path + "/c/authagent/accounts", system: files.path)
        let settings = try AccountSettings(AccountKeys(issuer: try Issuer(parsing: "https://i.example"), clientID: "n"))
        try directory.prepare(settings, for: try #require(AccountName("work"))).commit()
        for (path, mode) in [("c/authagent/accounts", 0o700), ("c/authagent/accounts/work.toml", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: files.path + "/" + path)
            #expect(attributes[.posixPermissions] as? Int == mode)
        }
    }
}
