internal import OAuth

/// The text of an account file: reading it into settings, and writing settings as it.
enum AccountFile {
    static func parse(_ text: String, path: String) throws(ConfigurationError) -> AccountSettings {
        var file = try TOMLFile(path: path, text: text)
        let issuer = try file.url("issuer", Issuer.init(parsing:))
        let clientID = try file.string("client_id")
        let scopes = try file.strings("scopes") ?? []
        let store = try file.choice("store", StoreKind.self) ?? .keyring
        let device = try file.url("device_endpoint", EndpointURL.init(parsing:))
        let token = try file.url("token_endpoint", EndpointURL.init(parsing:))
        let revocation = try file.url("revocation_endpoint", EndpointURL.init(parsing:))
        let authentication = try file.choice("client_auth", ClientAuthentication.self)
        let secretFile = try file.string("client_secret_file")
        let keepAlive = try file.duration("keep_alive")
        let expectedSubject = try file.string("expected_subject")
        try file.refuseSecrets()
        try file.refuseUnknownKeys()
        guard let clientID else {
            throw ConfigurationError(
                file: path, problem: "client_id is missing", hint: "add: client_id = \"the id that the provider shows\""
            )
        }
        do throws(AccountSettings.Invalid) {
            return try AccountSettings(
                issuer: issuer,
                clientID: clientID,
                scopes: scopes,
                store: store,
                deviceEndpoint: device,
                tokenEndpoint: token,
                revocationEndpoint: revocation,
                clientAuthentication: authentication,
                clientSecretFile: secretFile,
                keepAlive: keepAlive,
                expectedSubject: expectedSubject
            )
        } catch {
            throw file.error(error.key, error.problem, hint: error.hint)
        }
    }

    static func text(of settings: AccountSettings) -> String {
        var lines = [
            "# Written by 'authagent login'. Edit it as you like; 'authagent reload' takes changes up.",
            "# The keys are described in authagent.toml(5). No secret belongs here.",
        ]
        func add(_ key: String, _ value: String?) {
            if let value { lines.append("\(key) = \(quoted(value))") }
        }
        add("issuer", settings.issuer?.text)
        add("client_id", settings.clientID)
        lines.append("scopes = [\(settings.scopes.map(quoted).joined(separator: ", "))]")
        add("store", settings.store.rawValue)
        add("device_endpoint", settings.deviceEndpoint?.text)
        add("token_endpoint", settings.tokenEndpoint?.text)
        add("revocation_endpoint", settings.revocationEndpoint?.text)
        add("client_auth", settings.clientAuthentication?.rawValue)
        add("client_secret_file", settings.clientSecretFile)
        add("keep_alive", settings.keepAlive.map { "\($0.components.seconds)s" })
        add("expected_subject", settings.expectedSubject)
        return lines.joined(separator: "\n") + "\n"
    }

    /// A TOML basic string. Settings are validated, so quotes and backslashes are all there is to escape; control
    /// characters are written as code points all the same.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension TOMLFile {
    fileprivate mutating func url<Value>(
        _ key: String, _ parse: (String) throws(URLRejection) -> Value
    ) throws(ConfigurationError) -> Value? {
        guard let text = try string(key) else { return nil }
        do throws(URLRejection) { return try parse(text) } catch {
            throw self.error(
                key, error.description, hint: "give an https URL, or http on this machine's loopback address only"
            )
        }
    }

    mutating func choice<Value: RawRepresentable<String>>(
        _ key: String, _ type: Value.Type
    ) throws(ConfigurationError) -> Value? where Value: CaseIterable {
        guard let text = try string(key) else { return nil }
        guard let value = Value(rawValue: text) else {
            let choices = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(key, "'\(text.prefix(80))' is not known", hint: "choose one of: \(choices)")
        }
        return value
    }

    /// `90s`, `30m`, `24h` or `7d`, from one minute to one year.
    fileprivate mutating func duration(_ key: String) throws(ConfigurationError) -> Duration? {
        guard let text = try string(key) else { return nil }
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), count < 1_000_000_000,
            (60...31_536_000).contains(count * unit)
        else {
            throw error(key, "this is no span of time", hint: "give from \"1m\" to \"365d\", like \"12h\" or \"7d\"")
        }
        return .seconds(count * unit)
    }

    /// A secret in a file that configuration management copies around is a mistake that is worth its own words.
    fileprivate mutating func refuseSecrets() throws(ConfigurationError) {
        for key in ["client_secret", "refresh_token", "access_token", "password"] where try string(key) != nil {
            throw error(
                key, "a secret does not belong into this file",
                hint: "remove it; give a client's secret with --client-secret-file at login, or name a file in"
                    + " client_secret_file"
            )
        }
        forget(["client_secret", "refresh_token", "access_token", "password"])
    }
}
