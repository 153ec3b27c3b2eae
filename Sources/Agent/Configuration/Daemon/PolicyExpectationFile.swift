internal import AgentAPI
public import Policy

/// A file of `[[expect]]` tables: the decisions that the rules are expected to take.
public enum PolicyExpectationFile {
    private static let most = 2000

    public struct Content: Equatable, Sendable {
        /// The owner of the agent; `nil` if that is the user who runs the test.
        public var owner: UInt32?
        public var expectations: [PolicyExpectation]
    }

    public static func load(_ path: String, names: UserNames = .system) throws(ConfigurationError) -> Content {
        guard let text = try ProtectedFile.text(path, isTrusted: false) else {
            throw ConfigurationError(
                file: path, problem: "there is no such file", hint: "run 'ls -l \(path)' to see why")
        }
        var file = try TOMLFile(path: path, text: text)
        let owner = try owner(&file, names)
        var expectations: [PolicyExpectation] = []
        for var table in try file.tables("expect", most: most) { expectations.append(try parse(&table, names)) }
        try file.refuseUnknownKeys()
        guard !expectations.isEmpty else {
            throw ConfigurationError(
                file: path, problem: "the file has no expectations",
                hint: "add [[expect]] tables; see 'policy test' in authagent(1)"
            )
        }
        return Content(owner: owner, expectations: expectations)
    }

    /// Reads the owner by name or by number.
    private static func owner(_ file: inout TOMLFile, _ names: UserNames) throws(ConfigurationError) -> UInt32? {
        guard file.isText("owner") else {
            return try file.integer("owner", in: 0...Int(UInt32.max - 1)).map(UInt32.init)
        }
        return try file.string("owner").map { name throws(ConfigurationError) in
            try file.user("owner", name, names)
        }
    }

    private enum Result: String, CaseIterable { case allow, deny }

    private enum Confirm: String, CaseIterable {
        case first, each, never

        var expected: PolicyExpectation.Confirm { .exactly(Confirmation(rawValue: rawValue)) }
    }

    private static func parse(
        _ file: inout TOMLFile, _ names: UserNames
    ) throws(ConfigurationError) -> PolicyExpectation {
        let caller = try caller(&file, names)
        let request = try request(&file)
        let result = try file.choice("result", Result.self)
        let rule = try file.integer("rule", in: 0...AccessRuleTable.most)
        let confirm = try file.choice("confirm", Confirm.self)
        try file.refuseUnknownKeys()
        guard let result else {
            throw file.error("result", "it is missing", hint: "add: result = \"allow\", or \"deny\"")
        }
        return PolicyExpectation(
            caller: caller, request: request, isAllowed: result == .allow,
            rule: rule.map { $0 == 0 ? .none : .number($0) } ?? .any, confirm: confirm?.expected ?? .any,
            line: file.firstLine
        )
    }

    private static func caller(_ file: inout TOMLFile, _ names: UserNames) throws(ConfigurationError) -> Caller {
        let user = try file.string("user")
        let uid = try file.integer("uid", in: 0...Int(UInt32.max - 1))
        guard (user == nil) != (uid == nil) else {
            throw file.error(
                "user", "exactly one of user and uid is required", hint: "add one: user = \"NAME\", or uid = 1000")
        }
        // Without a group, use one that does not match any rule.
        var caller = Caller(pid: 0, user: uid.map(UInt32.init) ?? 0, group: .max)
        if let user { caller.user = try file.user("user", user, names) }
        if let group = try file.string("group") { caller.group = try file.group("group", group, names) }
        for group in try file.strings("groups") ?? [] {
            caller.supplementaryGroups.append(try file.group("groups", group, names))
        }
        caller.executable = try file.executable("executable")
        caller.executableDigest = try file.digest("executable_sha256")
        caller.unit = try file.unit("unit")?.description
        return caller
    }

    private static func request(_ file: inout TOMLFile) throws(ConfigurationError) -> AccessRequest {
        let name = try file.string("account")
        let one = try file.string("permission")
        let several = try file.strings("permissions")
        let scopes = try file.scopes("scopes")?.scopes ?? []
        let types = try file.authorizationTypes("authorization_types") ?? []
        let awsRole = try awsRole(&file)
        guard (one == nil) != (several == nil), several?.isEmpty != true else {
            throw file.error(
                "permission", "exactly one of permission and permissions is required",
                hint: "add one: permission = \"token\", or permissions = [\"token\", \"id_token\"]"
            )
        }
        var permissions: [Permission] = []
        for text in one.map({ [$0] }) ?? several ?? [] {
            permissions.append(try file.permission(one == nil ? "permissions" : "permission", text))
        }
        if permissions.contains(.admin) {
            guard permissions == [.admin], name == nil else {
                throw file.error(
                    "account", "\"admin\" applies to the whole agent", hint: "list it alone, without an account"
                )
            }
            return AccessRequest([.admin], on: nil)
        }
        guard let name, let account = AccountName(name) else {
            throw file.error("account", "it is missing or not an account name", hint: "a name has \(AccountName.rule)")
        }
        guard let awsRole else {
            return AccessRequest(permissions, on: account, scopes: scopes, authorizationTypes: types)
        }
        let request = AccessRequest(of: awsRole, on: account)
        guard Set(request.permissions) == Set(permissions), scopes.isEmpty, types.isEmpty else {
            let needed = request.permissions.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            throw file.error(
                "aws_role", "such a request has neither scopes nor details, and needs \(needed)",
                hint: "leave them out, and write: permissions = [\(needed)]")
        }
        return request
    }

    /// Reads a role as `aws_roles` names it, without a pattern.
    private static func awsRole(_ file: inout TOMLFile) throws(ConfigurationError) -> AWSRole? {
        guard let text = try file.string("aws_role") else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let request =
            text.hasPrefix("arn:") || parts.count != 2
            ? AWSCredentialsRequest(roleARN: text) : AWSCredentialsRequest(accountID: parts[0], role: parts[1])
        do throws(AWSRole.Invalid) { return try request.validRole() } catch {
            throw file.error(
                "aws_role", "'\(TOMLFile.shown(text))' is not a role at AWS",
                hint: "give ACCOUNT_ID/ROLE, as \"123456789012/ReadOnly\", or the ARN of a role")
        }
    }
}
