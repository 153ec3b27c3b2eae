public import AgentAPI

extension AccessRules {
    /// The caller facts for a report.
    public var factsToExplain: CallerFacts {
        // Reads a whole file only if a rule has a digest.
        let asksForDigest = rules.contains { rule in
            rule.conditions.contains { if case .executableDigest = $0 { true } else { false } }
        }
        let facts = CallerFacts.all.subtracting(.executable)
        return asksForDigest ? facts : facts.subtracting(.executableDigest)
    }

    /// The further facts for a report: a file is read only if a rule names its path.
    public func furtherFactsToExplain(_ caller: Caller) -> CallerFacts {
        let isNamed = rules.contains { rule in
            rule.conditions.contains {
                if case .executable(let path) = $0 { caller.executable == path } else { false }
            }
        }
        return isNamed ? .executable : []
    }

    /// Explains which rule decides over the account for this caller, and why.
    public func report(on account: AccountName, for caller: Caller) -> PolicyReport {
        PolicyReport(
            account: account,
            caller: CallerDescription(
                pid: caller.pid, uid: caller.user, gid: caller.group, groups: caller.supplementaryGroups,
                executable: caller.confirmedExecutable, executableClaimed: caller.claimedExecutable,
                executableDigest: caller.executableDigest, unit: caller.unit,
                slice: caller.slice, userUnit: caller.userUnit, isOwn: isOwn(caller)
            ),
            rules: rules.enumerated().map { description($1, number: $0 + 1, on: account, for: caller) },
            rule: decide(.token, on: account, for: caller).rule,
            adminRule: decide(.admin, on: nil, for: caller).rule,
            decisions: Permission.allCases.map { permission in
                let decision = decide(permission, on: permission == .admin ? nil : account, for: caller)
                return PolicyDecision(
                    permission: permission.rawValue, allowed: decision.isAllowed, rule: decision.rule,
                    confirm: decision.confirm
                )
            }
        )
    }

    private func description(
        _ rule: AccessRule, number: Int, on account: AccountName, for caller: Caller
    ) -> RuleDescription {
        let accounts = RuleCondition(
            "accounts", wanted: rule.accounts.map(\.description).joined(separator: ", "), found: account.description,
            isMet: rule.isAbout(account)
        )
        let conditions =
            [accounts]
            + rule.conditions.map { condition in
                RuleCondition(
                    condition.key, wanted: condition.wanted, found: condition.found(of: caller, owner: owner),
                    isMet: condition.isMet(by: caller, owner: owner),
                    isUncertain: condition.isUncertain(of: caller)
                )
            }
        return RuleDescription(
            rule: number, source: rule.source, matches: conditions.allSatisfy(\.isMet),
            uncertain: accounts.isMet && isUncertain(rule, of: caller), conditions: conditions,
            allow: Permission.allCases.filter(rule.allow.contains).map(\.rawValue), scopes: rule.scopes?.scopes,
            resources: rule.bound?.resources, audiences: rule.bound?.audiences,
            awsRoles: rule.awsRoles?.map(\.description), authorizationTypes: rule.bound?.authorizationTypes,
            maximumPerMinute: rule.maximumPerMinute, confirm: rule.confirm
        )
    }
}

extension AccessRule.Condition {
    /// The condition's key in the file.
    var key: String {
        switch self {
        case .everyUser: "user"
        case .user(_, let name): name == nil ? "uid" : "user"
        case .group: "group"
        case .executable: "executable"
        case .executableDigest: "executable_sha256"
        case .unit: "unit"
        }
    }

    var wanted: String {
        switch self {
        case .everyUser: "*"
        case .user(let id, let name?): "\(name) (\(id))"
        case .user(let id, nil): "\(id)"
        case .group(let id, let name): "\(name) (\(id))"
        case .executable(let path): path
        case .executableDigest(let digest): digest
        case .unit(let pattern): pattern.description
        }
    }

    func found(of caller: Caller, owner: UInt32) -> String? {
        switch self {
        case .everyUser, .user: "\(caller.user)"
        case .group: ([caller.group] + caller.supplementaryGroups).map { "\($0)" }.joined(separator: ", ")
        case .executable: caller.executable
        case .executableDigest: caller.executableDigest
        case .unit: caller.unit ?? (caller.user == owner ? caller.userUnit : nil)
        }
    }
}
