internal import AgentAPI
internal import ArgumentParser
internal import ConfigurationText

struct SetupAWS: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "aws",
        abstract: "a profile for the CLI and the SDKs (~/.aws/config).",
        discussion: """
            With --account-id and --role the credentials come from IAM Identity Center, with --role-arn from the login's \
            ID token. With --role-arn and --token-file, the file of a sink, no program is run at all.
            """
    )

    @OptionGroup var common: SetupOptions

    @Option(help: ArgumentHelp("The AWS account, 12 digits.", valueName: "number"))
    var accountID: String?

    @Option(help: ArgumentHelp("The permission set's role in that account.", valueName: "name"))
    var role: String?

    @Option(help: ArgumentHelp("The role that the ID token may take.", valueName: "arn"))
    var roleARN: String?

    @Option(help: ArgumentHelp("The profile; without it the account's name.", valueName: "name"))
    var profile: String?

    @Option(help: ArgumentHelp("The file of a sink that holds the ID token.", valueName: "path"))
    var tokenFile: String?

    func validate() throws {
        guard !common.undo else { return }
        guard (roleARN == nil) != (accountID == nil), (role == nil) == (accountID == nil) else {
            throw ValidationError("give --account-id and --role, or --role-arn")
        }
        guard tokenFile == nil || roleARN != nil else { throw ValidationError("--token-file needs --role-arn") }
        guard tokenFile?.hasPrefix("/") != false else { throw ValidationError("--token-file must be absolute") }
        if let accountID, accountID.wholeMatch(of: /[0-9]{12}/) == nil {
            throw ValidationError("--account-id has 12 digits")
        }
        for (option, text) in [("role", role), ("role-arn", roleARN), ("profile", profile), ("token-file", tokenFile)] {
            guard text.map({ !$0.isEmpty && $0.utf8.allSatisfy(SetupPlace.isPlain) }) ?? true else {
                throw ValidationError("--\(option) has characters that it cannot have")
            }
        }
    }

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let subject = try place.subject()
        let account = subject.name
        let name = profile ?? account.description
        let section = name == "default" ? name : "profile \(name)"
        var plan = SetupPlan()
        var lines = ["[\(section)]"]
        if let roleARN, let tokenFile {
            lines += ["role_arn = \(roleARN)", "web_identity_token_file = \(tokenFile)"]
            plan.remarks = ["authagent sink add \(account) --what id_token --path \(tokenFile)"]
        } else {
            let role = roleARN.map { "--role-arn \($0)" } ?? "--account-id \(accountID ?? "") --role \(role ?? "")"
            lines.append("credential_process = \(place.program) helper aws \(account) \(role)")
            if let roleARN { plan.show("without a program", Self.sink(account, roleARN, place)) }
        }
        if roleARN != nil, let remark = subject.identityRemark { plan.notes.append(remark) }
        plan.remarks.append("aws --profile \(name) sts get-caller-identity")
        let block = MarkedBlock(BlockName("aws", account, name).text, lines)
        let path = Self.path(place)
        plan.show(path, lines)
        plan.changes = [
            FileChange(path: path) { text in
                let rest = try MarkedBlock.removed(from: text ?? []) { $0 == block.name } ?? []
                // Two sections of one name are an error for all profiles.
                guard try SettingOutline(rest, .ini).section(section) == nil else {
                    throw ConfigurationProblem.taken(setting: "[\(section)]")
                }
                return try block.written(to: text)
            }
        ]
        return plan
    }

    /// The cheapest way: the SDKs read the file themselves. --token-file writes a profile for it.
    private static func sink(_ account: AccountName, _ role: String, _ place: SetupPlace) -> [String] {
        let file = SetupPlan.shellWord(place.sink("\(account)-id"))
        return [
            "authagent sink add \(account) --what id_token --path \(file)",
            "export AWS_WEB_IDENTITY_TOKEN_FILE=\(file) AWS_ROLE_ARN=\(SetupPlan.shellWord(role))",
        ]
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        // With the options of a set-up without --profile it is that profile alone.
        let isOne = roleARN != nil || accountID != nil
        let blocks = BlockChoice(tool: "aws", account: common.account) { [profile] name in
            name.key == profile ?? (isOne ? name.account : name.key)
        }
        return [.remove(blocks, from: Self.path(place))]
    }

    private static func path(_ place: SetupPlace) -> String {
        place.path("AWS_CONFIG_FILE") ?? place.home + "/.aws/config"
    }
}
