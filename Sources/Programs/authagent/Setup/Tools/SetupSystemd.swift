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

    @Option(help: ArgumentHelp("The name of the credential.", valueName: "name"))
    var credential = "token"

    func validate() throws {
        guard unit?.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9@_.:-]*\.service/) != nil || unit == nil else {
            throw ValidationError("--unit is the name of a service, such as backup.service")
        }
        guard credential.wholeMatch(of: /[A-Za-z0-9_.-]{1,64}/) != nil else {
            throw ValidationError("--credential has letters, digits, '.', '_' and '-'")
        }
    }

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let account = try place.subject().name
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
        plan.changes = [FileChange.insert(MarkedBlock("systemd \(credential)", lines), in: path)]
        plan.changes[0].mode = 0o644
        plan.remarks.insert("add the [[credential]] to authagent.toml, and 'authagent reload'", at: 0)
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        guard let unit else { throw ValidationError("--unit is missing") }
        return geteuid() == 0 ? [.remove("systemd", account: nil, from: Self.path(unit))] : []
    }

    private static func path(_ unit: String) -> String { "/etc/systemd/system/\(unit).d/authagent.conf" }
}
