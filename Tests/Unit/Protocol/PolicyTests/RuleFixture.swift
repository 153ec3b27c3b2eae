import AgentAPI
import Policy

/// Short constructors for tests of rules, with an agent of user 1000.
enum RuleFixture {
    static let owner: UInt32 = 1000

    static func account(_ name: String) -> AccountName {
        guard let account = AccountName(name) else { preconditionFailure("\(name) is not an account name") }
        return account
    }

    static func rule(
        _ accounts: [String] = ["work"], _ conditions: AccessRule.Condition..., allow: Set<Permission> = [.token],
        scopes: [String]? = nil, perMinute: Int? = nil
    ) -> AccessRule {
        AccessRule(
            accounts: accounts.map(Glob.init), conditions: conditions, allow: allow,
            scopes: scopes.flatMap { ScopeBound($0) }, maximumPerMinute: perMinute, source: "authagent.toml:1"
        )
    }

    static func rules(_ rules: AccessRule...) -> AccessRules { AccessRules(owner: owner, rules: rules) }

    static func caller(
        _ user: UInt32, group: UInt32 = 100, groups: [UInt32] = [], executable: String? = nil, digest: String? = nil,
        unit: String? = nil, userUnit: String? = nil
    ) -> Caller {
        Caller(
            pid: 42, user: user, group: group, supplementaryGroups: groups, executable: executable,
            executableDigest: digest, unit: unit, userUnit: userUnit
        )
    }
}
