internal import ArgumentParser
internal import ConfigurationText

struct SetupCargo: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "cargo",
        abstract: "private registries (~/.cargo/config.toml), cargo 1.74 or later.",
        discussion: "The account follows from the registry's URL, so that no account is named."
    )

    @OptionGroup var common: SetupOptions

    private static let program = "cargo-credential-authagent"

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let program = place.link(Self.program)
        let key = "global-credential-providers"
        // Cargo asks the last one first; what is not ours goes on to its own.
        let setting = "\(key) = [\"cargo:token\", \"\(program ?? "/usr/bin/\(Self.program)")\"]"
        var plan = SetupPlan()
        plan.show(Self.path(place), ["[registry]", setting])
        plan.changes = [
            FileChange(path: Self.path(place)) { text in
                try SettingText(text, .toml, "cargo").adding(setting, key: key, section: "registry")
            }
        ]
        if program == nil { plan.obstacle = place.missing(Self.program, "cargo") }
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        [.remove("cargo", from: Self.path(place))]
    }

    /// Cargo prefers the old name without an ending.
    private static func path(_ place: SetupPlace) -> String {
        let home = place.path("CARGO_HOME") ?? place.home + "/.cargo"
        return place.exists(home + "/config") ? home + "/config" : home + "/config.toml"
    }
}
