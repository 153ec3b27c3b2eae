internal import OAuth

/// The text format of an account file, in both directions.
enum AccountFile {
    static func parse(_ text: String, path: String) throws(ConfigurationError) -> AccountSettings {
        var file = try TOMLFile(path: path, text: text)
        var keys = AccountKeys()
        keys.issuer = try file.url("issuer", Issuer.init(parsing:))
        keys.clientID = try file.string("client_id")
        keys.scopes = try file.strings("scopes")
        keys.audience = try file.string("audience")
        keys.resources = try file.strings("resources")
        keys.store = try file.choice("store", StoreKind.self)
        keys.deviceEndpoint = try file.url("device_endpoint", EndpointURL.init(parsing:))
        keys.tokenEndpoint = try file.url("token_endpoint", EndpointURL.init(parsing:))
        keys.revocationEndpoint = try file.url("revocation_endpoint", EndpointURL.init(parsing:))
        keys.registrationEndpoint = try file.url("registration_endpoint", EndpointURL.init(parsing:))
        keys.clientAuthentication = try file.choice("client_auth", ClientAuthentication.self)
        keys.clientSecretFile = try file.string("client_secret_file")
        keys.clientKeyFile = try file.string("client_key_file")
        keys.clientCertificateFile = try file.string("client_certificate_file")
        keys.assertionAudience = try file.choice("assertion_audience", AssertionAudience.self)
        keys.pkce = try file.boolean("pkce")
        keys.keepAlive = try file.duration("keep_alive")
        keys.lockAfter = try file.duration("lock_after")
        keys.lifetime = try file.duration("lifetime")
        keys.expectedSubject = try file.string("expected_subject")
        keys.scopeParameter = try file.string("scope_parameter")
        keys.deviceGrantType = try file.string("device_grant_type")
        keys.deviceCodeParameter = try file.string("device_code_parameter")
        keys.deviceParameters = try file.texts("device_parameters")
        keys.requestEncoding = try file.choice("request_encoding", RequestEncoding.self)
        keys.refreshEndsTokens = try file.boolean("refresh_ends_tokens")
        keys.believeOmittedScope = try file.boolean("believe_omitted_scope")
        let provider = try file.string("provider")
        var parameters: [String: String] = [:]
        for name in ProviderPreset.parameterNames { parameters[name] = try file.string(name) }
        try file.refuseSecrets()
        try file.refuseUnknownKeys()
        do throws(AccountSettings.Invalid) {
            if let provider {
                keys.provider = try ProviderChoice(provider, parameters: parameters)
            } else if let name = parameters.keys.sorted().first {
                throw AccountSettings.Invalid(
                    key: name, problem: "a parameter without a provider", hint: "add: provider = \"NAME\""
                )
            }
            return try AccountSettings(keys)
        } catch {
            throw file.error(error.key, error.problem, hint: error.hint)
        }
    }

    static func text(of settings: AccountSettings) -> String {
        let keys = settings.keys
        var lines = [
            "# Written by 'authagent login'. Edit it as you like; 'authagent reload' applies changes.",
            "# The keys are described in authagent.toml(5). Do not store secrets here.",
        ]
        func add(_ key: String, _ value: String?) {
            if let value { lines.append("\(key) = \(quoted(value))") }
        }
        add("provider", keys.provider?.preset.name)
        for (name, value) in (keys.provider?.parameters ?? [:]).sorted(by: { $0.key < $1.key }) { add(name, value) }
        add("issuer", keys.issuer?.text)
        add("client_id", keys.clientID)
        if let scopes = keys.scopes { lines.append("scopes = [\(scopes.map(quoted).joined(separator: ", "))]") }
        add("audience", keys.audience)
        if let uris = keys.resources { lines.append("resources = [\(uris.map(quoted).joined(separator: ", "))]") }
        add("store", settings.store.rawValue)
        add("device_endpoint", keys.deviceEndpoint?.text)
        add("token_endpoint", keys.tokenEndpoint?.text)
        add("revocation_endpoint", keys.revocationEndpoint?.text)
        add("registration_endpoint", keys.registrationEndpoint?.text)
        add("client_auth", keys.clientAuthentication?.rawValue)
        add("client_secret_file", keys.clientSecretFile)
        add("client_key_file", keys.clientKeyFile)
        add("client_certificate_file", keys.clientCertificateFile)
        add("assertion_audience", keys.assertionAudience?.rawValue)
        if let pkce = keys.pkce { lines.append("pkce = \(pkce)") }
        add("keep_alive", keys.keepAlive.map { "\($0.components.seconds)s" })
        add("lock_after", keys.lockAfter.map { "\($0.components.seconds)s" })
        add("lifetime", keys.lifetime.map { "\($0.components.seconds)s" })
        add("expected_subject", keys.expectedSubject)
        add("scope_parameter", keys.scopeParameter)
        add("device_grant_type", keys.deviceGrantType)
        add("device_code_parameter", keys.deviceCodeParameter)
        add("request_encoding", keys.requestEncoding?.rawValue)
        if let ends = keys.refreshEndsTokens { lines.append("refresh_ends_tokens = \(ends)") }
        if let believes = keys.believeOmittedScope { lines.append("believe_omitted_scope = \(believes)") }
        // A table extends to the end of the file.
        if let parameters = keys.deviceParameters {
            lines.append("[device_parameters]")
            for (name, value) in parameters.sorted(by: { $0.key < $1.key }) { add(quoted(name), value) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Returns a TOML basic string. Settings are validated, so quotes and backslashes suffice; control characters are
    /// escaped in any case.
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

    /// Reads `90s`, `30m`, `24h` or `7d`, from one minute to one year.
    fileprivate mutating func duration(_ key: String) throws(ConfigurationError) -> Duration? {
        guard let text = try string(key) else { return nil }
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
            (1..<1_000_000_000).contains(count),
            (60...31_536_000).contains(count * unit)
        else {
            throw error(key, "this is not a duration", hint: "give from \"1m\" to \"365d\", like \"12h\" or \"7d\"")
        }
        return .seconds(count * unit)
    }

    /// Refuses secrets with a hint of their own: configuration management may copy this file to other machines.
    fileprivate mutating func refuseSecrets() throws(ConfigurationError) {
        for key in ["client_secret", "refresh_token", "access_token", "password"] where try string(key) != nil {
            throw error(
                key, "secrets must not be stored in this file",
                hint: "remove it; give a client's secret with --client-secret-file at login, or name a file in"
                    + " client_secret_file"
            )
        }
        forget(["client_secret", "refresh_token", "access_token", "password"])
    }
}
