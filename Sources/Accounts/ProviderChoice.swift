internal import OAuth

/// A preset and the parameters that make one provider of it: `keycloak` with a host and a realm.
public struct ProviderChoice: Equatable, Sendable {
    public let preset: ProviderPreset
    /// As they were given; what is absent has the preset's default.
    public let parameters: [String: String]

    /// Refuses a name that is no preset, and parameters that are missing, unknown or malformed.
    public init(_ name: String, parameters: [String: String]) throws(AccountSettings.Invalid) {
        guard let preset = ProviderPreset.named(name) else {
            throw AccountSettings.Invalid(
                key: "provider", problem: "'\(name.prefix(40))' is no provider's name",
                hint: "run 'authagent providers' to see them; for any other give --issuer URL"
            )
        }
        let known = preset.parameters.map(\.name)
        if let unknown = parameters.keys.sorted().first(where: { !known.contains($0) }) {
            throw AccountSettings.Invalid(
                key: unknown, problem: "the provider '\(name)' takes no '\(unknown)'",
                hint: known.isEmpty ? "leave it out" : "it takes: \(known.joined(separator: ", "))"
            )
        }
        for parameter in preset.parameters {
            guard let value = parameters[parameter.name] ?? parameter.standard else {
                throw AccountSettings.Invalid(
                    key: parameter.name, problem: "the provider '\(name)' needs '\(parameter.name)'",
                    hint: "give --\(parameter.name), \(parameter.meaning)"
                )
            }
            guard Self.isSafe(value, isHost: parameter.name == "host") else {
                throw AccountSettings.Invalid(
                    key: parameter.name, problem: "the \(parameter.name) holds a character that it may not hold",
                    hint: parameter.name == "host"
                        ? "give a host name, with a port if need be, and nothing else" : "give \(parameter.meaning)"
                )
            }
        }
        self.preset = preset
        self.parameters = parameters
    }

    /// A template of the preset with the parameters put in.
    func fill(_ template: String) -> String {
        preset.parameters.reduce(template) { text, parameter in
            text.replacing("{\(parameter.name)}", with: parameters[parameter.name] ?? parameter.standard ?? "")
        }
    }

    /// A value must not reach into another part of the URL that it is put into.
    private static func isSafe(_ value: String, isHost: Bool) -> Bool {
        let others = isHost ? "-._:[]" : "-._~"
        return (1...255).contains(value.utf8.count) && value != "." && value != ".."
            && value.utf8.allSatisfy { $0.isLetterOrDigit || others.utf8.contains($0) }
    }
}
