internal import OAuth

/// A preset with its parameters, such as `keycloak` with a host and a realm.
public struct ProviderChoice: Equatable, Sendable {
    public let preset: ProviderPreset
    /// The given parameters; the preset's defaults are not included.
    public let parameters: [String: String]

    /// Refuses an unknown preset, and missing, unknown or malformed parameters.
    public init(_ name: String, parameters: [String: String]) throws(AccountSettings.Invalid) {
        guard let preset = ProviderPreset.named(name) else {
            throw AccountSettings.Invalid(
                key: "provider", problem: "'\(name.prefix(40))' is not a known provider",
                hint: "run 'authagent providers' to see them; for another provider give --issuer URL"
            )
        }
        let known = preset.parameters.map(\.name)
        if let unknown = parameters.keys.sorted().first(where: { !known.contains($0) }) {
            throw AccountSettings.Invalid(
                key: unknown, problem: "the provider '\(name)' does not take '\(unknown)'",
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

    /// Returns the preset's template with the parameters filled in.
    func fill(_ template: String) -> String {
        preset.parameters.reduce(template) { text, parameter in
            text.replacing("{\(parameter.name)}", with: parameters[parameter.name] ?? parameter.standard ?? "")
        }
    }
}
