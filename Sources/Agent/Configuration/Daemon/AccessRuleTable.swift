internal import AgentAPI
internal import Policy

/// The parser of one `[[rule]]` in `authagent.toml`. Refuses rules that cannot be intended.
enum AccessRuleTable {
    /// The limit for both files together: in the worst case, each request evaluates every rule.
    static let most = 256
    static let mostAccounts = 64

    static func parse(_ file: inout TOMLFile, _ names: UserNames) throws(ConfigurationError) -> AccessRule {
        let accounts = try accounts(&file)
        let conditions = try conditions(&file, names)
        let allow = try file.permissions("allow")
        let scopes = try file.scopes("scopes")
        let (resources, audiences) = (try file.resources("resources"), try file.audiences("audiences"))
        let awsRoles = try file.awsRoles("aws_roles")
        let types = try file.authorizationTypes("authorization_types")
        let perMinute = try file.integer("max_per_minute", in: 1...1_000_000)
        let confirm = try file.choice("confirm", Confirmation.self)
        try file.refuseUnknownKeys()
        guard let accounts else { throw noAccounts(file) }
        guard !conditions.isEmpty else {
            throw file.error(
                "rule", "it has no condition",
                hint: "add user, uid, group, executable, executable_sha256 or unit; user = \"*\" matches every user"
            )
        }
        guard let allow else {
            throw file.error("allow", "it is missing", hint: "add: allow = [\"token\"], or allow = [] for nothing")
        }
        guard !allow.contains(.admin) || accounts.contains(where: \.isEverything) else {
            throw file.error(
                "allow", "\"admin\" applies to the whole agent, but this rule to some accounts",
                hint: "leave it out, or write a separate rule with accounts = [\"*\"]"
            )
        }
        return AccessRule(
            accounts: accounts, conditions: conditions, allow: allow, scopes: scopes, resources: resources,
            audiences: audiences, awsRoles: awsRoles, authorizationTypes: types, maximumPerMinute: perMinute,
            confirm: confirm, source: file.place
        )
    }

    private static func noAccounts(_ file: TOMLFile) -> ConfigurationError {
        file.error("accounts", "the list is empty", hint: "add: accounts = [\"work\", \"ci-*\"]")
    }

    /// `nil` if the key is missing.
    private static func accounts(_ file: inout TOMLFile) throws(ConfigurationError) -> [Glob]? {
        guard let texts = try file.strings("accounts") else { return nil }
        guard !texts.isEmpty else { throw noAccounts(file) }
        guard texts.count <= mostAccounts else {
            throw file.error("accounts", "there are more than \(mostAccounts)", hint: "write a pattern, like \"ci-*\"")
        }
        for text in texts where !isPattern(text) {
            throw file.error(
                "accounts", "'\(TOMLFile.shown(text))' cannot match an account name",
                hint: "give a name, or a pattern with '*'; a name has \(AccountName.rule)"
            )
        }
        return texts.map(Glob.init)
    }

    /// Whether the text is a name once each star is replaced by a letter or removed.
    private static func isPattern(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count) else { return false }
        return AccountName(text.map { $0 == "*" ? "x" : String($0) }.joined()) != nil
    }

    private static func conditions(
        _ file: inout TOMLFile, _ names: UserNames
    ) throws(ConfigurationError) -> [AccessRule.Condition] {
        var conditions: [AccessRule.Condition] = []
        if let name = try file.string("user") {
            conditions.append(name == "*" ? .everyUser : .user(try file.user("user", name, names), name: name))
        }
        if let id = try file.integer("uid", in: 0...Int(UInt32.max - 1)) {
            conditions.append(.user(UInt32(id), name: nil))
        }
        if let name = try file.string("group") {
            conditions.append(.group(try file.group("group", name, names), name: name))
        }
        if let path = try file.executable("executable") { conditions.append(.executable(path)) }
        if let digest = try file.digest("executable_sha256") { conditions.append(.executableDigest(digest)) }
        if let unit = try file.unit("unit") { conditions.append(.unit(unit)) }
        return conditions
    }
}
