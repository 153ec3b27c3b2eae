internal import OAuth

/// The text format of an account file, in both directions.
enum AccountFile {
    static func parse(_ text: String, path: String) throws(ConfigurationError) -> AccountSettings {
        var problems = ConfigurationProblems()
        return try parse(text, path: path, &problems)
    }

    /// Adds every error to the problems, and throws the first one. What keys have to do with each other is examined
    /// once each by itself is right.
    static func parse(
        _ text: String, path: String, _ problems: inout ConfigurationProblems
    ) throws(ConfigurationError) -> AccountSettings {
        var found = ConfigurationProblems()
        defer { problems.add(found) }
        var file = try TOMLFile(path: path, text: text)
        var draft = AccountDraft()
        for key in AccountKey.all { found.attempt { () throws(ConfigurationError) in try key.read(&file, &draft) } }
        for key in TOMLFile.secretKeys {
            found.attempt { () throws(ConfigurationError) in try file.refuseSecret(key) }
        }
        for (key, flow) in TOMLFile.flows {
            found.attempt { () throws(ConfigurationError) in try file.refuseFlow(key, flow) }
        }
        found.refuseUnknownKeys(of: file)
        if let error = found.first { throw error }
        var invalid: [AccountSettings.Invalid] = []
        do throws(AccountSettings.Invalid) { return try draft.settings(&invalid) } catch {
            for other in [error] + invalid {
                found.add(file.error(other.key, other.problem, hint: other.hint))
            }
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

    /// Throws the first reason why the keys do not fit together, and adds those that are independent of each other.
    func settings(_ invalid: inout [AccountSettings.Invalid]) throws(AccountSettings.Invalid) -> AccountSettings {
        var keys = keys
        if let provider {
            keys.provider = try ProviderChoice(provider, parameters: parameters)
        } else if let name = parameters.keys.sorted().first {
            throw AccountSettings.Invalid(
                key: name, problem: "a parameter without a provider", hint: "add: provider = \"NAME\""
            )
        }
        return try AccountSettings(keys, &invalid)
    }
}

extension TOMLFile {
    /// Parameters of the protocol that would choose a flow which is not safe, and that are not keys.
    fileprivate static let flows: [(key: String, flow: @Sendable (String) -> RefusedFlow?)] = [
        ("response_type", { RefusedFlow(responseType: $0) }), ("grant_type", { RefusedFlow(grant: $0) }),
        ("code_challenge_method", { RefusedFlow(challengeMethod: $0) }),
    ]

    fileprivate mutating func refuseFlow(
        _ key: String, _ flow: (String) -> RefusedFlow?
    ) throws(ConfigurationError) {
        guard isText(key), let text = try string(key) else { return }
        if let flow = flow(text) { throw error(key, flow.reason, hint: flow.instead) }
        forget([key])
    }

    static let secretKeys = ["client_secret", "refresh_token", "access_token", "password"]

    /// Refuses a secret with a hint of its own: configuration management may copy this file to other machines.
    fileprivate mutating func refuseSecret(_ key: String) throws(ConfigurationError) {
        guard try string(key) == nil else {
            throw error(
                key, "secrets must not be stored in this file",
                hint: "remove it; give a client's secret with --client-secret-file at login, or name a file in"
                    + " client_secret_file"
            )
        }
        forget([key])
    }
}
