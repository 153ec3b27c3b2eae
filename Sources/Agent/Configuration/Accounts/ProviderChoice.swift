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
                    hint: "give \(parameter.option), \(parameter.meaning)"
                )
            }
            if let objection = parameter.objection(to: value) {
                throw AccountSettings.Invalid(
                    key: parameter.name, problem: objection.problem, hint: objection.hint
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
}
