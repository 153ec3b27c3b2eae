internal import AgentAPI
internal import ArgumentParser
internal import ConfigurationText

struct SetupGoogle: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "google",
        abstract: "a credential file for Google's libraries and gcloud (workload identity federation).",
        discussion: "Without --token-file the libraries run the helper, and want to be told that they may."
    )

    @OptionGroup var common: SetupOptions

    @Option(
        help: ArgumentHelp(
            "The provider: //iam.googleapis.com/projects/…/providers/NAME.", valueName: "name"))
    var audience: String?

    @Option(help: ArgumentHelp("The service account that the token may act for.", valueName: "email"))
    var serviceAccount: String?

    @Option(
        help: ArgumentHelp("The name of the file; without it the account's name.", valueName: "name"),
        transform: AccountName.argument)
    var name: AccountName?

    @Option(help: ArgumentHelp("The file of a sink that holds the ID token.", valueName: "path"))
    var tokenFile: String?

    func validate() throws {
        guard !common.undo else { return }
        guard audience != nil else { throw ValidationError("--audience is missing") }
        guard tokenFile?.hasPrefix("/") != false else { throw ValidationError("--token-file must be absolute") }
        for text in [audience, serviceAccount, tokenFile].compactMap({ $0 }) {
            guard !text.isEmpty, text.utf8.allSatisfy(SetupPlace.isPlain) else {
                throw ValidationError("'\(Console.clean(text))' has characters that it cannot have")
            }
        }
    }

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let subject = try place.subject()
        let account = subject.name.description
        let path = Self.path(place, name?.description ?? account)
        let lines = lines(account, place)
        var plan = SetupPlan()
        plan.show(path, lines)
        plan.changes = [
            FileChange(path: path) { text in
                if let text { try requireSame(try Self.requireOurs(text), path) }
                return Array((lines.joined(separator: "\n") + "\n").utf8)
            }
        ]
        if let remark = subject.identityRemark { plan.notes.append(remark) }
        plan.remarks = ["export GOOGLE_APPLICATION_CREDENTIALS=\(SetupPlan.shellWord(path))"]
        if let tokenFile {
            plan.remarks.insert("authagent sink add \(account) --what id_token --path \(tokenFile)", at: 0)
        } else {
            plan.remarks.append("export GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1")
        }
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        guard let name = name ?? common.account else {
            throw Failure("the account is not named", hint: "name it with --account", code: .usage)
        }
        return [
            FileChange(path: Self.path(place, name.description)) { text in
                if let text { _ = try Self.requireOurs(text) }
                return nil
            }
        ]
    }

    private static let members: Set = [
        "type", "audience", "subject_token_type", "token_url", "service_account_impersonation_url", "credential_source",
    ]

    /// Refuses a file of another type, and one with members that were added by hand.
    private static func requireOurs(_ text: [UInt8]) throws(ConfigurationProblem) -> JSONText {
        let document = try JSONText(text)
        guard document.string(["type"]) == "external_account" else { throw .taken(setting: "type") }
        if let other = document.names([]).first(where: { !members.contains($0) }) { throw .taken(setting: other) }
        return document
    }

    /// Refuses a file for another provider or service account, which would be lost.
    private func requireSame(_ document: JSONText, _ path: String) throws {
        let url = document.string(["service_account_impersonation_url"])
        guard document.string(["audience"]) == audience, url == serviceAccount.map(Self.impersonation) else {
            throw Failure(
                "cannot change \(path): it is for another audience or service account",
                hint: "choose another file with --name, or take this one out first with --undo --write")
        }
    }

    private static func impersonation(_ email: String) -> String {
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/\(email):generateAccessToken"
    }

    private static func path(_ place: SetupPlace, _ account: String) -> String {
        place.configuration + "/authagent/google-\(account).json"
    }

    private func lines(_ account: String, _ place: SetupPlace) -> [String] {
        let source =
            if let tokenFile {
                ["    \"file\": \"\(tokenFile)\""]
            } else {
                [
                    "    \"executable\": {",
                    "      \"command\": \"\(place.program) helper google \(account)\",",
                    "      \"timeout_millis\": 45000",
                    "    }",
                ]
            }
        let impersonation = serviceAccount.map { email in
            "  \"service_account_impersonation_url\": \"\(Self.impersonation(email))\","
        }
        return [
            "{", "  \"type\": \"external_account\",", "  \"audience\": \"\(audience ?? "")\",",
            "  \"subject_token_type\": \"urn:ietf:params:oauth:token-type:id_token\",",
            "  \"token_url\": \"https://sts.googleapis.com/v1/token\",",
        ] + [impersonation].compactMap { $0 } + ["  \"credential_source\": {"] + source + ["  }", "}"]
    }
}
