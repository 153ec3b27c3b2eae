import AgentAPI
import Policy
import Testing

/// `aws_roles` of a rule.
struct AWSRolePatternTests {
    private func role(_ text: String) throws -> AWSRole {
        let parts = text.split(separator: "/").map(String.init)
        return text.hasPrefix("arn:")
            ? try AWSCredentialsRequest(roleARN: text).validRole()
            : try AWSCredentialsRequest(accountID: parts[0], role: parts[1]).validRole()
    }

    @Test(
        "a star matches within its part, and a pattern of one kind matches no role of the other",
        arguments: [
            ("123456789012/ReadOnly", ["123456789012/ReadOnly"]),
            ("*/ReadOnly", ["123456789012/ReadOnly", "999999999999/ReadOnly"]),
            ("123456789012/*", ["123456789012/ReadOnly", "123456789012/Admin"]),
            ("1234*/Read*", ["123456789012/ReadOnly"]),
            ("*/*", ["123456789012/ReadOnly", "123456789012/Admin", "999999999999/ReadOnly"]),
            ("arn:aws:iam::123456789012:role/ReadOnly", ["arn:aws:iam::123456789012:role/ReadOnly"]),
            (
                "arn:aws:iam::*:role/*",
                ["arn:aws:iam::123456789012:role/ReadOnly", "arn:aws:iam::123456789012:role/a/ReadOnly"]
            ),
            (
                "arn:*:iam::123456789012:role/*/ReadOnly",
                ["arn:aws:iam::123456789012:role/a/ReadOnly", "arn:aws-cn:iam::123456789012:role/b:c/ReadOnly"]
            ),
            ("arn:aws:iam::1*:role/R*", ["arn:aws:iam::123456789012:role/ReadOnly"]),
        ])
    func matches(pattern: String, expected: [String]) throws {
        let parsed = try #require(AWSRolePattern(pattern))
        #expect(parsed.description == pattern)
        let all = [
            "123456789012/ReadOnly", "123456789012/Admin", "999999999999/ReadOnly",
            "arn:aws:iam::123456789012:role/ReadOnly", "arn:aws:iam::123456789012:role/a/ReadOnly",
            "arn:aws-cn:iam::123456789012:role/b:c/ReadOnly",
        ]
        #expect(try all.filter { parsed.matches(try role($0)) } == expected)
    }

    @Test(
        "a text that cannot match a role is refused",
        arguments: [
            "", "*", "ReadOnly", "123456789012", "123456789012/", "/ReadOnly", "12345678901/ReadOnly", "x/ReadOnly",
            "123456789012/Read Only", "123456789012/a/b", "*/a:b", "arn:*", "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam:eu:123456789012:role/x", "arn:aws:sts::123456789012:role/x", "arn:aws:iam::12:role/x",
            "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role/a b", "arn:aws:iam::123456789012",
            "1234567890123/ReadOnly", "arn:a ws:iam::*:role/x",
        ])
    func refused(pattern: String) { #expect(AWSRolePattern(pattern) == nil) }

    private func verdict(
        _ rule: AccessRule, _ permissions: [Permission] = [.token], _ awsRole: String? = nil
    ) throws -> Verdict.Outcome? {
        let account = RuleFixture.account("work")
        let request =
            try awsRole.map { AccessRequest(of: try role($0), on: account) } ?? AccessRequest(permissions, on: account)
        let answer = CurrentRules(RuleFixture.rules(rule)).decide(
            request, for: RuleFixture.caller(34), known: .all)
        guard case .verdict(let verdict) = answer else { return nil }
        return verdict.outcome
    }

    @Test("without aws_roles, a rule with any bound gives no credentials, and one without a bound gives all")
    func bounds() throws {
        var rule = RuleFixture.rule(["work"], .user(34, name: nil))
        let name = "123456789012/ReadOnly"
        #expect(try verdict(rule, [], name) == .allowed(nil))
        rule.maximumPerMinute = 60
        #expect(try verdict(rule, [], name) == .allowed(nil))
        rule.scopes = ScopeBound(["sso:account:access"])
        #expect(try verdict(rule, [], name) == .beyondRoles(try role(name)))
        (rule.scopes, rule.resources) = (nil, [])
        #expect(try verdict(rule, [], name) == .beyondRoles(try role(name)))
        rule.awsRoles = [try #require(AWSRolePattern("*/ReadOnly"))]
        #expect(try verdict(rule, [], name) == .allowed(rule.bound))
        #expect(rule.bound?.namesAWSRoles == true)
        let other = "123456789012/Admin"
        #expect(try verdict(rule, [], other) == .beyondRoles(try role(other)))
    }

    @Test("an ARN needs id_token too; a rule with aws_roles gives no ID token by itself")
    func identity() throws {
        var rule = RuleFixture.rule(["work"], .user(34, name: nil), allow: [.token])
        let arn = "arn:aws:iam::123456789012:role/ci"
        rule.awsRoles = [try #require(AWSRolePattern(arn))]
        #expect(try verdict(rule, [], arn) == .refused(.idToken))
        rule.allow = [.token, .idToken]
        #expect(try verdict(rule, [], arn) == .allowed(rule.bound))
        #expect(try verdict(rule, [.token, .idToken]) == .refused(.idToken))
        #expect(try verdict(rule, [.idToken]) == .refused(.idToken))
        #expect(try verdict(rule) == .allowed(rule.bound))
        rule.awsRoles = nil
        #expect(try verdict(rule, [.idToken]) == .allowed(nil))
    }
}
