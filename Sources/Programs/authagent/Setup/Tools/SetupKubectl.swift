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

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let account = try place.subject().name
        let kubectl = KubectlProgram(place)
        let user = KubeUser(
            name: Self.prefix + account.description, command: place.program,
            arguments: ["helper", "kubectl", account.description] + (idToken ? ["--id-token"] : []),
            isNew: try kubectl?.isNew() ?? true)
        var plan = SetupPlan()
        plan.show(Self.path(place), ["users:"] + user.lines)
        plan.remarks = ["kubectl config set-context --current --user=\(user.name)"]
        plan.changes = [
            Self.change(Self.path(place)) { text in
                let block = "kubectl \(account)"
                let hasBlock = try text.map { try MarkedBlock.names(in: $0).contains(block) } ?? false
                if !hasBlock, let new = try kubectl?.adding(user, to: text) { return new }
                return try user.added(to: text, block: block)
            }
        ]
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        let kubectl = KubectlProgram(place)
        let (account, wanted) = (common.account, common.account.map { Self.prefix + $0.description })
        return Self.paths(place).filter(place.exists).map { path in
            Self.change(path) { text in
                guard let text else { return nil }
                let rest = try MarkedBlock.removed(from: text) { name in
                    account.map { name == "kubectl \($0)" } ?? name.hasPrefix("kubectl ")
                }
                guard let rest, String(decoding: rest, as: UTF8.self).contains("name: \(wanted ?? Self.prefix)") else {
                    return rest
                }
                guard let kubectl else {
                    throw Failure("kubectl is not installed, which has written \(path)", hint: "install kubectl")
                }
                return try kubectl.removing(where: { $0 == wanted ?? $0 && $0.hasPrefix(Self.prefix) }, from: rest)
            }
        }
    }

    /// Of the names of our users.
    private static let prefix = "authagent-"

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
    func adding(_ user: KubeUser, to text: [UInt8]?) throws -> [UInt8]? {
        let scratch = try ScratchFile(text)
        let arguments =
            ["config", "set-credentials", user.name, "--kubeconfig=\(scratch.path)", "--exec-command=\(user.command)"]
            + user.arguments.map { "--exec-arg=\($0)" } + ["--exec-api-version=\(user.version)"]
            + (user.isNew ? ["--exec-interactive-mode=Never"] : [])
        let output = try program.run(arguments)
        if output.text.hasPrefix("panic: ") { return nil }
        try program.require(output)
        return try scratch.text()
    }

    /// Removes users that run this program; `nil` if nothing is left.
    func removing(where isWanted: (String) -> Bool, from text: [UInt8]) throws -> [UInt8]? {
        let scratch = try ScratchFile(text)
        let list = try program.succeed([
            "config", "view", "--kubeconfig=\(scratch.path)",
            "--output=jsonpath={range .users[*]}{.name}{\" \"}{.user.exec.command}{\"\\n\"}{end}",
        ])
        for line in list.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, words[1].hasSuffix("/authagent"), isWanted(String(words[0])) else { continue }
            try program.succeed(["config", "delete-user", String(words[0]), "--kubeconfig=\(scratch.path)"])
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
