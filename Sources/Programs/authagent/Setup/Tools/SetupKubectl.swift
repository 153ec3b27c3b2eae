internal import AgentAPI
internal import ArgumentParser
internal import ConfigurationText

struct SetupKubectl: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "kubectl",
        abstract: "a user entry of the kubeconfig, which runs the helper.",
        discussion: "A cluster with --oidc-issuer-url takes the ID token (--id-token), as a rule."
    )

    @OptionGroup var common: SetupOptions

    @Flag(help: "The cluster takes the login's ID token, not the access token.")
    var idToken = false

    @Option(
        help: ArgumentHelp(
            "The user's name, after 'authagent-'; without it the account's. One account may have several.",
            valueName: "name"),
        transform: AccountName.argument)
    var user: AccountName?

    /// The name of the user's entry.
    private func entry(of account: String) -> String {
        let name = user?.description ?? account
        return user != nil && name.hasPrefix(KubeUser.prefix) ? name : KubeUser.prefix + name
    }

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let subject = try place.subject()
        let account = subject.name
        let kubectl = KubectlProgram(place)
        let user = KubeUser(
            name: entry(of: account.description), command: place.program,
            arguments: ["helper", "kubectl", account.description] + (idToken ? ["--id-token"] : []),
            isNew: try kubectl?.isNew() ?? true)
        var plan = SetupPlan()
        plan.show(Self.path(place), ["users:"] + user.lines)
        plan.remarks = ["kubectl config set-context --current --user=\(user.name)"]
        if idToken, let remark = subject.identityRemark { plan.notes.append(remark) }
        plan.changes = [
            Self.change(Self.path(place)) { text in
                let block = BlockName("kubectl", account, user.name).text
                let hasBlock = try text.map { try MarkedBlock.names(in: $0).contains(block) } ?? false
                if !hasBlock, let new = try kubectl?.adding(user, of: account, to: text) { return new }
                return try user.added(to: text, block: block)
            }
        ]
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        let kubectl = KubectlProgram(place)
        // With the options of a set-up without --user it is that user alone.
        let isOne = user != nil || idToken
        let blocks = BlockChoice(tool: "kubectl", account: common.account) { name in
            !isOne || name.key == entry(of: name.account)
        }
        return Self.paths(place).filter(place.exists).map { path in
            Self.change(path) { text in
                let rest = try blocks.removed(from: text)
                guard let rest, try Self.hasUnmarked(rest) else { return rest }
                guard let kubectl else {
                    throw Failure("kubectl is not installed, which has written \(path)", hint: "install kubectl")
                }
                return try kubectl.removing(blocks, from: rest)
            }
        }
    }

    /// Whether there may be a user that kubectl has written, which keeps no comments.
    private static func hasUnmarked(_ text: [UInt8]) throws(ConfigurationProblem) -> Bool {
        let rest = String(decoding: try MarkedBlock.removed(from: text) { _ in true } ?? [], as: UTF8.self)
        return rest.contains("name: \(KubeUser.prefix)") && rest.contains("/authagent\n")
    }

    private static func change(_ path: String, _ apply: @escaping ([UInt8]?) throws -> [UInt8]?) -> FileChange {
        FileChange(path: path, lock: ".lock", apply: apply)
    }

    private static func paths(_ place: SetupPlace) -> [String] {
        let named = (place.environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        let absolute = named.filter { $0.hasPrefix("/") }
        return absolute.isEmpty ? [place.home + "/.kube/config"] : absolute
    }

    /// The file in which kubectl writes a new user: the first that exists, else the last.
    private static func path(_ place: SetupPlace) -> String {
        let paths = paths(place)
        return paths.first(where: place.exists) ?? paths[paths.count - 1]
    }
}

/// kubectl config, on copies.
private struct KubectlProgram {
    private let program: ToolProgram

    init?(_ place: SetupPlace) {
        guard let program = ToolProgram("kubectl", place) else { return nil }
        self.program = program
    }

    /// Whether it knows version 1 of the protocol.
    func isNew() throws -> Bool {
        try program.run(["config", "set-credentials", "--help"]).text.contains("--exec-interactive-mode")
    }

    /// `nil` if it crashes, as Debian's does with each file that it writes (1.20, built with Go 1.19).
    ///
    /// Refuses a user of that name that is not this account's: kubectl would change it.
    func adding(_ user: KubeUser, of account: AccountName, to text: [UInt8]?) throws -> [UInt8]? {
        let scratch = try ScratchFile(text)
        if text?.isEmpty == false {
            let output = try list(scratch)
            if output.text.hasPrefix("panic: ") { return nil }
            let users = Self.users(try program.require(output))
            guard users.allSatisfy({ $0.name != user.name || $0.account == account.description }) else {
                throw ConfigurationProblem.taken(setting: "users.\(user.name)")
            }
        }
        let arguments =
            ["config", "set-credentials", user.name, "--kubeconfig=\(scratch.path)", "--exec-command=\(user.command)"]
            + user.arguments.map { "--exec-arg=\($0)" } + ["--exec-api-version=\(user.version)"]
            + (user.isNew ? ["--exec-interactive-mode=Never"] : [])
        let output = try program.run(arguments)
        if output.text.hasPrefix("panic: ") { return nil }
        try program.require(output)
        return try scratch.text()
    }

    private struct User {
        let name: String
        /// The one that the helper gets; `nil` if it is not our helper.
        let account: String?
    }

    private func list(_ file: ScratchFile) throws -> ToolProgram.Output {
        try program.run([
            "config", "view", "--kubeconfig=\(file.path)",
            #"--output=jsonpath={range .users[*]}{.name}{"\t"}{.user.exec.command}{"\t"}{.user.exec.args[*]}"#
                + #"{"\n"}{end}"#,
        ])
    }

    private static func users(_ list: String) -> [User] {
        list.split(separator: "\n").map { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            let arguments = parts.last?.split(separator: " ") ?? []
            let isOurs =
                parts.count == 3 && parts[1].hasSuffix("/authagent") && arguments.starts(with: ["helper", "kubectl"])
            return User(
                name: String(parts[0]), account: isOurs && arguments.count > 2 ? String(arguments[2]) : nil)
        }
    }

    /// Removes users that run our helper; `nil` if nothing is left.
    func removing(_ wanted: BlockChoice, from text: [UInt8]) throws -> [UInt8]? {
        let scratch = try ScratchFile(text)
        for user in Self.users(try program.require(list(scratch))) where user.name.hasPrefix(KubeUser.prefix) {
            guard let account = user.account.flatMap({ AccountName($0) }),
                wanted.includes(BlockName(wanted.tool, account, user.name))
            else { continue }
            try program.succeed(["config", "delete-user", user.name, "--kubeconfig=\(scratch.path)"])
        }
        let rest = try scratch.text()
        return String(decoding: rest, as: UTF8.self) == Self.empty ? nil : rest
    }

    /// What kubectl leaves of a file that it has created for one user.
    private static let empty = """
        apiVersion: v1
        clusters: null
        contexts: null
        current-context: ""
        kind: Config
        preferences: {}
        users: null

        """
}
