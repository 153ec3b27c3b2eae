internal import OAuth

/// The text format of an account file, in both directions.
enum AccountFile {
    static func parse(_ text: String, path: String) throws(ConfigurationError) -> AccountSettings {
        var file = try TOMLFile(path: path, text: text)
        var draft = AccountDraft()
        for key in AccountKey.all { try key.read(&file, &draft) }
        try file.refuseSecrets()
        try file.refuseFlows()
        try file.refuseUnknownKeys()
        do throws(AccountSettings.Invalid) { return try draft.settings() } catch {
            throw file.error(error.key, error.problem, hint: error.hint)
        }
    }

    static func text(of settings: AccountSettings) -> String {
        var keys = settings.keys
        // Always written, so that the account stays where its login is if the default changes.
        keys.store = settings.store
        var lines = [
            "# Written by 'authagent login'. Edit it as you like; 'authagent reload' applies changes.",
            "# The keys are described in authagent.toml(5). Do not store secrets here.",
        ]
        for place in AccountKey.Place.allCases {
            for key in AccountKey.all where key.place == place { lines += key.lines(keys) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Returns a TOML basic string. Settings are validated, so quotes and backslashes suffice; control characters are
    /// escaped in any case.
    static func quoted(_ text: String) -> String {
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

/// The keys of an account file while it is read: a provider is complete only with all its parameters.
struct AccountDraft {
    var keys = AccountKeys()
    var provider: String?
    var parameters: [String: String] = [:]

    func settings() throws(AccountSettings.Invalid) -> AccountSettings {
        var keys = keys
        if let provider {
            keys.provider = try ProviderChoice(provider, parameters: parameters)
        } else if let name = parameters.keys.sorted().first {
            throw AccountSettings.Invalid(
                key: name, problem: "a parameter without a provider", hint: "add: provider = \"NAME\""
            )
        }
        return try AccountSettings(keys)
    }
}

extension TOMLFile {
    /// Refuses parameters of the protocol that would choose a flow which is not safe, and that are not keys.
    fileprivate mutating func refuseFlows() throws(ConfigurationError) {
        let parsers: [(key: String, flow: (String) -> RefusedFlow?)] = [
            ("response_type", RefusedFlow.init(responseType:)), ("grant_type", RefusedFlow.init(grant:)),
            ("code_challenge_method", RefusedFlow.init(challengeMethod:)),
        ]
        for (key, flow) in parsers {
            guard isText(key), let text = try string(key) else { continue }
            if let flow = flow(text) { throw error(key, flow.reason, hint: flow.instead) }
            forget([key])
        }
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
