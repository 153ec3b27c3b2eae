internal import ArgumentParser
internal import ConfigurationText

struct SetupPip: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "pip",
        abstract: "private indexes through the keyring shim (pip.conf), pip 23.1 or later.",
        discussion: "The account follows from the index's URL, so that no account is named."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let setting = "keyring-provider = subprocess"
        var plan = SetupPlan()
        plan.show(Self.path(place), ["[global]", setting])
        plan.changes = [
            FileChange(path: Self.path(place), mode: 0o644) { text in
                try SettingText(text, .ini, "pip").adding(setting, key: "keyring-provider", section: "global")
            }
        ]
        plan.remarks = place.shimRemarks
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        [.remove("pip", from: Self.path(place))]
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

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let setting = "keyring-provider = \"subprocess\""
        var plan = SetupPlan()
        plan.show(Self.path(place), [setting])
        plan.changes = [
            FileChange(path: Self.path(place), mode: 0o644) { text in
                try SettingText(text, .toml, "uv").adding(setting, key: "keyring-provider", section: "")
            }
        ]
        plan.remarks = place.shimRemarks
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        [.remove("uv", from: Self.path(place))]
    }

    private static func path(_ place: SetupPlace) -> String {
        place.path("UV_CONFIG_FILE") ?? place.configuration + "/uv/uv.toml"
    }
}

extension SetupPlace {
    /// The directory of the shim 'keyring', and how an index is named.
    fileprivate var shimRemarks: [String] {
        [
            "export PATH=\(shims):$PATH, for the command that installs",
            "name a user in the index's URL: https://oauth2@HOST/simple/",
        ]
    }

    private var shims: String {
        let prefix = program.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/" + (prefix.isEmpty ? "" : prefix + "/") + "lib/authagent/bin"
    }
}
