internal import ArgumentParser
internal import ConfigurationText

struct SetupTerraform: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "terraform",
        abstract: "registries and remote state (~/.terraformrc), for Terraform and OpenTofu.",
        discussion: "The account follows from the host, so that no account is named."
    )

    @OptionGroup var common: SetupOptions

    private static let lines = ["credentials_helper \"authagent\" {", "  args = []", "}"]

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let path = Self.path(place)
        var plan = SetupPlan()
        plan.show(path, Self.lines)
        plan.show(
            "and a link, because Terraform does not look in PATH", ["\(Self.link(place).path) -> \(place.program)"])
        plan.links = [Self.link(place)]
        plan.changes = [
            FileChange(path: path) { text in
                let block = MarkedBlock("terraform", Self.lines)
                let rest = try MarkedBlock.removed(from: text ?? []) { $0 == block.name } ?? []
                // Terraform takes one helper only.
                let lines = String(decoding: rest, as: UTF8.self).split(whereSeparator: \.isNewline)
                guard !lines.contains(where: { $0.drop { $0 == " " || $0 == "\t" }.hasPrefix("credentials_helper") })
                else { throw ConfigurationProblem.taken(setting: "credentials_helper") }
                return try block.written(to: text)
            }
        ]
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        [.remove("terraform", from: Self.path(place))]
    }

    func linksToRemove(_ place: SetupPlace) -> [LinkChange] { [Self.link(place)] }

    private static func path(_ place: SetupPlace) -> String {
        place.path("TF_CLI_CONFIG_FILE") ?? place.first(place.home + "/.terraformrc", place.home + "/.tofurc")
    }

    private static func link(_ place: SetupPlace) -> LinkChange {
        LinkChange(
            path: place.home + "/.terraform.d/plugins/terraform-credentials-authagent", target: place.program)
    }
}
