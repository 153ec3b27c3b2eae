internal import ArgumentParser
internal import ConfigurationText

struct SetupPip: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "pip",
        abstract: "private indexes through the keyring shim (pip.conf), pip 23.1 or later.",
        discussion: "The account follows from the index's URL, so that no account is named."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan { Self.provider(place).plan(place) }

    func removals(_ place: SetupPlace) throws -> [FileChange] { [Self.provider(place).removal] }

    private static func provider(_ place: SetupPlace) -> KeyringProvider {
        KeyringProvider(
            tool: "pip", path: path(place), format: .ini, section: "global", setting: "keyring-provider = subprocess")
    }

    /// pip's order (pip documentation, "Configuration").
    private static func path(_ place: SetupPlace) -> String {
        place.path("PIP_CONFIG_FILE")
            ?? place.first(place.configuration + "/pip/pip.conf", place.home + "/.pip/pip.conf")
    }
}

struct SetupUV: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "uv",
        abstract: "private indexes through the keyring shim (uv.toml).",
        discussion: "The account follows from the index's URL, so that no account is named."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan { Self.provider(place).plan(place) }

    func removals(_ place: SetupPlace) throws -> [FileChange] { [Self.provider(place).removal] }

    private static func provider(_ place: SetupPlace) -> KeyringProvider {
        KeyringProvider(
            tool: "uv", path: path(place), format: .toml, section: "", setting: "keyring-provider = \"subprocess\"")
    }

    private static func path(_ place: SetupPlace) -> String {
        place.path("UV_CONFIG_FILE") ?? place.configuration + "/uv/uv.toml"
    }
}

/// The setting by which an installer of Python packages asks the program `keyring`.
private struct KeyringProvider {
    let tool: String
    let path: String
    let format: SettingOutline.Format
    /// Empty if the format has none.
    let section: String
    let setting: String

    func plan(_ place: SetupPlace) -> SetupPlan {
        var plan = SetupPlan()
        plan.show(path, section.isEmpty ? [setting] : ["[\(section)]", setting])
        plan.changes = [
            FileChange(path: path, mode: 0o644) { text in
                try SettingText(text, format, tool).adding(setting, key: "keyring-provider", section: section)
            }
        ]
        plan.remarks = place.shimRemarks
        return plan
    }

    var removal: FileChange { .remove(tool, from: path) }
}

extension SetupPlace {
    /// The directory of the shim 'keyring', and how an index is named.
    fileprivate var shimRemarks: [String] {
        let installed = Self.shims(program)
        // A directory of its own: in one of PATH it would take the place of the Python package's program.
        let directory = exists(installed + "/keyring") ? installed : home + "/.local/lib/authagent/bin"
        let (place, shim) = (SetupPlan.shellWord(directory), SetupPlan.shellWord(directory + "/keyring"))
        let link = exists(directory + "/keyring") ? [] : ["mkdir -p \(place) && ln -s \(program) \(shim)"]
        return link + [
            "export PATH=\(place):$PATH, for the command that installs",
            "name a user in the index's URL: https://oauth2@HOST/simple/",
        ]
    }

    /// Where packaging installs the shim, seen from this program.
    private static func shims(_ program: String) -> String {
        let prefix = program.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/" + (prefix.isEmpty ? "" : prefix + "/") + "lib/authagent/bin"
    }
}
