import AgentAPI
import Configuration
import Policy
import TestSupport
import Testing

/// The files of `authagent policy test`.
struct PolicyExpectationTests {
    private static let names = UserNames(
        user: { ["backup": 34, "ci": 1001][$0] }, group: { ["ops": 50, "ci": 1001][$0] }
    )

    private static let rules = AccessRules(
        owner: 1000,
        rules: [
            AccessRule(
                accounts: [Glob("work"), Glob("ci-*")],
                conditions: [.user(34, name: "backup"), .unit(Glob("b.service"))],
                allow: [.token], scopes: ScopeBound(["a"]), source: "f:1"),
            AccessRule(
                accounts: [Glob("*")], conditions: [.group(50, name: "ops")], allow: [.status, .admin], source: "f:9"),
        ]
    )

    private func load(_ text: String) throws -> [PolicyExpectation] { try content(text).expectations }

    private func content(_ text: String) throws -> PolicyExpectationFile.Content {
        let files = try TemporaryDirectory()
        // The file may be writable by others, such as one in a checkout.
        return try PolicyExpectationFile.load(try files.file("expected.toml", text, mode: 0o666), names: Self.names)
    }

    @Test("a role at AWS is expected by name or by ARN, with the permissions that it needs")
    func awsRole() throws {
        var rule = Self.rules.rules[0]
        rule.allow = [.token, .idToken]
        rule.awsRoles = [AWSRolePattern("*/ReadOnly")].compactMap(\.self)
        let rules = AccessRules(owner: 1000, rules: [rule])
        let caller = "[[expect]]\nuser = \"backup\"\nunit = \"b.service\"\naccount = \"work\"\n"
        func failure(_ text: String) throws -> PolicyTestReport.Failure? {
            try #require(try load(caller + text).first).failure(under: rules)
        }
        let token = "permission = \"token\"\nresult = \"allow\"\n"
        #expect(try failure(token + "aws_role = \"123456789012/ReadOnly\"\n") == nil)
        #expect(
            try failure(token + "aws_role = \"123456789012/Admin\"\n")?.reason
                == "rule 1 (f:1) decides; it does not allow the AWS role '123456789012/Admin'")
        let both = "permissions = [\"token\", \"id_token\"]\nresult = \"allow\"\n"
        let arn = "aws_role = \"arn:aws:iam::123456789012:role/ReadOnly\"\n"
        #expect(try failure(both + arn)?.reason.contains("AWS role 'arn:aws:iam::123456789012:role/ReadOnly'") == true)
        #expect(
            try failure(both)?.reason == "rule 1 (f:1) decides; it does not allow 'id_token' but for its aws_roles")
        for text in [
            token + arn, both + "aws_role = \"123456789012/ReadOnly\"\n", token + "aws_role = \"*/ReadOnly\"\n",
            token + "aws_role = \"ReadOnly\"\n",
            token + "scopes = [\"a\"]\naws_role = \"123456789012/ReadOnly\"\n",
        ] {
            #expect(throws: ConfigurationError.self, "\(text)") { _ = try load(caller + text) }
        }
    }

    @Test("types of authorization details are tested like scopes")
    func authorizationTypes() throws {
        let rules = AccessRules(
            owner: 1000,
            rules: [
                AccessRule(
                    accounts: [Glob("*")], conditions: [.user(34, name: "backup")], allow: [.token],
                    authorizationTypes: ["payment"], source: "f:1")
            ])
        let text = "[[expect]]\nuser = \"backup\"\naccount = \"work\"\npermission = \"token\"\nresult = \"allow\"\n"
        func failure(_ types: String) throws -> PolicyTestReport.Failure? {
            try #require(try load(text + "authorization_types = \(types)\n").first).failure(under: rules)
        }
        #expect(try failure("[\"payment\"]") == nil)
        #expect(
            try failure("[\"payment\", \"account\"]")?.reason
                == "rule 1 (f:1) decides; it does not allow authorization details of the type 'account'")
    }

    @Test("a decision as expected passes, whichever members of it the file names")
    func met() throws {
        let expectations = try load(
            """
            [[expect]]
            user = "backup"
            unit = "b.service"
            account = "work"
            permission = "token"
            scopes = ["a"]
            result = "allow"
            rule = 1

            [[expect]]
            user = "backup"
            unit = "b.service"
            account = "ci-7"
            permissions = ["token", "id_token"]
            result = "deny"

            [[expect]]
            uid = 1001
            group = "ci"
            groups = ["ops"]
            account = "any"
            permission = "status"
            result = "allow"
            rule = 2

            [[expect]]
            user = "ci"
            group = "ops"
            permission = "admin"
            result = "allow"

            [[expect]]
            uid = 1000
            account = "work"
            permission = "logout"
            result = "allow"
            rule = 0
            """)
        #expect(expectations.count == 5)
        #expect(expectations.map(\.line) == [1, 10, 17, 26, 32])
        for expectation in expectations { #expect(expectation.failure(under: Self.rules) == nil) }
        // Without rules only the owner's expectations hold.
        #expect(expectations.count { $0.failure(under: AccessRules(owner: 1000)) == nil } == 2)
    }

    @Test("an unexpected decision is reported with its line, the expectation, the decision and the reason")
    func unmet() throws {
        let caller = "[[expect]]\nuser = \"backup\"\naccount = \"work\"\npermission = \"token\"\n"
        let table: [(text: String, expected: String, got: String, reason: String)] = [
            (
                caller + "unit = \"c.service\"\nresult = \"allow\"\nrule = 1\n", "allow by rule 1", "deny by no rule",
                "no rule applies; by default other users may do nothing; "
                    + "rule 1 requires unit b.service, but the caller has c.service"
            ),
            (
                caller + "result = \"allow\"\nrule = 1\n", "allow by rule 1", "deny by no rule",
                "no rule applies; by default other users may do nothing; "
                    + "rule 1 requires unit b.service, which the expectation does not give"
            ),
            (
                caller + "unit = \"b.service\"\nscopes = [\"b\"]\nresult = \"allow\"\n", "allow", "deny by rule 1",
                "rule 1 (f:1) decides; it does not allow the scope 'b'"
            ),
            (
                caller + "unit = \"b.service\"\ngroups = [\"ops\"]\nresult = \"allow\"\nrule = 2\n", "allow by rule 2",
                "allow by rule 1", "rule 1 (f:1) decides; rule 2 comes later"
            ),
            (
                "[[expect]]\nuid = 5\ngroup = \"ops\"\naccount = \"x\"\npermission = \"login\"\nresult = \"allow\"\nrule = 1\n",
                "allow by rule 1", "deny by rule 2",
                "rule 2 (f:9) decides; it does not allow 'login'; rule 1 does not apply to 'x'"
            ),
            (
                "[[expect]]\nuid = 0\naccount = \"x\"\npermission = \"login\"\nresult = \"deny\"\nrule = 7\n",
                "deny by rule 7", "allow by no rule",
                "no rule applies; by default the agent's own user and root may do everything; there is no rule 7"
            ),
        ]
        for (text, expected, got, reason) in table {
            let expectation = try #require(try load("\n" + text).first)
            #expect(
                expectation.failure(under: Self.rules)
                    == PolicyTestReport.Failure(line: 2, expected: expected, got: got, reason: reason))
        }
    }

    @Test("the file names the agent's owner by name or number")
    func owner() throws {
        let mine = "\n[[expect]]\nuid = 34\naccount = \"x\"\npermission = \"login\"\nresult = \"allow\"\nrule = 0\n"
        for (text, owner) in [("", nil), ("owner = \"backup\"", 34), ("owner = 34", 34), ("owner = 0", 0)]
            as [(String, UInt32?)]
        {
            let content = try content(text + mine)
            #expect(content.owner == owner)
            let rules = AccessRules(owner: content.owner ?? 1000, rules: Self.rules.rules)
            #expect((content.expectations.first?.failure(under: rules) == nil) == (owner == 34), "\(text)")
        }
    }

    @Test("mistakes in the file are refused with their line")
    func mistakes() throws {
        let good = "[[expect]]\nuid = 5\naccount = \"work\"\npermission = \"token\"\nresult = \"allow\"\n"
        let table: [(text: String, line: Int?, hint: String)] = [
            ("", nil, "[[expect]]"),
            (good + "permision = \"token\"\n", 6, "'permission'"),
            (good.replacing("allow", with: "maybe"), 5, "allow, deny"),
            (good.replacing("result = \"allow\"\n", with: ""), 1, "result = \"allow\""),
            (good.replacing("uid = 5\n", with: ""), 1, "user = \"NAME\""),
            (good + "user = \"ci\"\n", 6, "user = \"NAME\""),
            (good + "groups = [\"nobody-here\"]\n", 6, "getent group"),
            (good.replacing("\"token\"", with: "\"tokens\""), 4, "'token'"),
            (good + "permissions = [\"token\"]\n", 4, "add one"),
            (good.replacing("permission = \"token\"", with: "permissions = []"), 1, "add one"),
            (good.replacing("\"work\"", with: "\"work*\""), 3, "1 to 64"),
            (good.replacing("\"token\"", with: "\"admin\""), 3, "without an account"),
            (good + "rule = 257\n", 6, "0 to 256"),
            (good + "[[rule]]\n", nil, "did you mean"),
            ("owner = \"nobody-here\"\n" + good, 1, "getent passwd"),
            ("owner = -1\n" + good, 1, "from 0"),
            ("owner = true\n" + good, 1, "a whole number"),
            (good + "owner = 5\n", 6, "put keys of the file before the first [[expect]]"),
            (good + "executable = \"/usr/bin/*\"\n", 6, "by its whole path"),
        ]
        for (text, line, hint) in table {
            let error = try #require(throws: ConfigurationError.self, "\(text)") { try load(text) }
            #expect(line == nil || error.line == line, "\(error) \(text)")
            #expect(error.hint.contains(hint) || line == nil, "\(error.hint)")
        }
        #expect(throws: ConfigurationError.self) { try PolicyExpectationFile.load("/no/such/file") }
    }
}
