internal import ArgumentParser

struct SetupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup",
        abstract: "Show or write what a program's configuration needs.",
        discussion: """
            'authagent setup TOOL' prints it. --write shows the difference and writes it, --undo --write takes exactly \
            that out again. No token is in any of it. See authagent-programs(7).
            """,
        subcommands: tools
    )

    private static let tools: [any ParsableCommand.Type] = [
        SetupGit.self, SetupKubectl.self, SetupDocker.self, SetupPodman.self, SetupAWS.self, SetupGoogle.self,
        SetupAzure.self, SetupCargo.self, SetupGo.self, SetupTerraform.self, SetupPip.self, SetupUV.self,
        SetupNPM.self, SetupPNPM.self, SetupMail.self, SetupPrometheus.self, SetupSystemd.self, SetupMCP.self,
        SetupSystem.self, SetupUser.self,
    ]

    @Flag(help: "List the tools, as without a tool.")
    var list = false

    func run() {
        let rows = Self.tools.map { tool in (tool.configuration.commandName ?? "", tool.configuration.abstract) }
        let width = rows.map(\.0.count).max() ?? 0
        for (name, abstract) in rows {
            Console.print(name + String(repeating: " ", count: width - name.count + 2) + abstract)
        }
    }
}
