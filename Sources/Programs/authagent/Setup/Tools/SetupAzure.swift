internal import ArgumentParser

struct SetupAzure: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "azure",
        abstract: "the environment for Azure's libraries: a federated token, or a managed identity.",
        discussion: "There is not a file to write: the libraries read the environment of their process."
    )

    @OptionGroup var common: SetupOptions

    @Option(help: ArgumentHelp("The file of a sink that holds the ID token.", valueName: "path"))
    var tokenFile: String?

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let account = try place.subject().name
        let file = SetupPlan.shellWord(tokenFile ?? place.sink("\(account)-id"))
        var plan = SetupPlan()
        plan.show(
            "a federated credential: the ID token of the login, in a file",
            [
                "authagent sink add \(account) --what id_token --path \(file)",
                "export AZURE_FEDERATED_TOKEN_FILE=\(file)", "export AZURE_CLIENT_ID=ID AZURE_TENANT_ID=ID",
            ])
        plan.show(
            "a login at Entra: the program asks for a managed identity",
            ["authagent exec \(account) --azure -- PROGRAM"])
        return plan
    }
}
