internal import ArgumentParser
internal import ConfigurationText
internal import Glibc
internal import System

struct SetupSystemd: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "systemd",
        abstract: "a unit that gets a token as a credential (LoadCredential).",
        discussion: "The unit's name must have a [[credential]] in authagent.toml; see authagentd(8)."
    )

    @OptionGroup var common: SetupOptions

    @Option(help: ArgumentHelp("The unit, such as backup.service.", valueName: "name"))
    var unit: String?

    @Option(help: ArgumentHelp("The name of the credential; without it 'token'.", valueName: "name"))
    var credential: String?

    func validate() throws {
        guard unit?.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9@_.:-]*\.service/) != nil || unit == nil else {
            throw ValidationError("--unit is the name of a service, such as backup.service")
        }
        guard credential?.wholeMatch(of: /[A-Za-z0-9_.-]{1,64}/) != nil || credential == nil else {
            throw ValidationError("--credential has letters, digits, '.', '_' and '-'")
        }
    }

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let account = try place.subject().name
        let credential = credential ?? "token"
        var plan = SetupPlan()
        let lines = ["[Service]", "LoadCredential=\(credential):/run/authagent/credential.sock"]
        let path = Self.path(unit ?? "UNIT.service")
        plan.show(path, lines)
        plan.show(
            "/etc/authagent/authagent.toml",
            [
                "[[credential]]", "unit = \"\(unit ?? "UNIT.service")\"", "credential = \"\(credential)\"",
                "account = \"\(account)\"",
            ])
        plan.remarks = ["the service reads $CREDENTIALS_DIRECTORY/\(credential); then 'systemctl daemon-reload'"]
        // Units of the system are root's.
        guard geteuid() == 0 else { return plan }
        if unit == nil { plan.obstacle = .init("the unit is not named", hint: "add --unit NAME.service") }
        plan.changes = [FileChange.insert(MarkedBlock("\(Self.block)\(credential)", lines), in: path)]
        plan.changes[0].mode = 0o644
        plan.remarks.insert("add the [[credential]] to authagent.toml, and 'authagent reload'", at: 0)
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        guard let unit else { throw ValidationError("--unit is missing") }
        guard geteuid() == 0 else { return [] }
        return [
            FileChange(path: Self.path(unit)) { [credential] text in
                guard let text else { return nil }
                return try MarkedBlock.removed(from: text) { name in
                    credential.map { name == Self.block + $0 } ?? name.hasPrefix(Self.block)
                }
            }
        ]
    }

    /// Of the names of the blocks.
    private static let block = "systemd "

    private static func path(_ unit: String) -> String { "/etc/systemd/system/\(unit).d/authagent.conf" }
}
