import AgentAPI
import Policy
import Testing

struct ConditionTests {
    private typealias Case = (AccessRule.Condition, met: [Caller], unmet: [Caller])

    private static let cases: [Case] = {
        let digest = String(repeating: "ab", count: 32)
        return [
            (.everyUser, [RuleFixture.caller(0), RuleFixture.caller(7)], []),
            (
                .user(7, name: "backup"), [RuleFixture.caller(7)],
                [
                    RuleFixture.caller(8), RuleFixture.caller(0), RuleFixture.caller(1000),
                    RuleFixture.caller(8, group: 7),
                ]
            ),
            (
                .group(50, name: "ci"), [RuleFixture.caller(7, group: 50), RuleFixture.caller(7, groups: [1, 50])],
                [RuleFixture.caller(50), RuleFixture.caller(7, group: 51, groups: [5, 0])]
            ),
            (
                .executable("/usr/bin/restic"), [RuleFixture.caller(7, executable: "/usr/bin/restic")],
                [
                    RuleFixture.caller(7), RuleFixture.caller(7, executable: "/usr/bin/restic2"),
                    RuleFixture.caller(7, executable: "/usr/bin/restic (deleted)"),
                    RuleFixture.caller(7, executable: "usr/bin/restic"),
                ]
            ),
            (
                .executableDigest(digest), [RuleFixture.caller(7, digest: digest)],
                [RuleFixture.caller(7), RuleFixture.caller(7, digest: String(digest.dropLast()) + "c")]
            ),
            (
                .unit(Glob("backup.service")),
                [
                    RuleFixture.caller(7, unit: "backup.service"),
                    // The agent's own user names its units freely; it can read the agent's memory anyway.
                    RuleFixture.caller(1000, unit: "user@1000.service", userUnit: "backup.service"),
                ],
                [
                    RuleFixture.caller(7), RuleFixture.caller(7, unit: "backup2.service"),
                    RuleFixture.caller(7, unit: "user@7.service", userUnit: "backup.service"),
                    RuleFixture.caller(0, userUnit: "backup.service"),
                ]
            ),
            (
                .unit(Glob("ci@*.service")), [RuleFixture.caller(7, unit: "ci@1.service")],
                [RuleFixture.caller(7, unit: "ci@1.scope"), RuleFixture.caller(7, unit: "xci@1.service")]
            ),
        ]
    }()

    @Test("each condition is met only by the callers it names; unknown facts meet none")
    func each() {
        for (condition, met, unmet) in Self.cases {
            let rules = RuleFixture.rules(RuleFixture.rule(["work"], condition, allow: [.token]))
            for caller in met { #expect(decision(rules, caller).rule == 1, "\(condition) \(caller)") }
            for caller in unmet { #expect(decision(rules, caller).rule == nil, "\(condition) \(caller)") }
        }
    }

    @Test("a rule applies only if all its conditions are met")
    func together() {
        let rules = RuleFixture.rules(
            RuleFixture.rule(["work"], .user(7, name: nil), .executable("/x"), .unit(Glob("a.service")))
        )
        let right = RuleFixture.caller(7, executable: "/x", unit: "a.service")
        #expect(decision(rules, right).isAllowed)
        for wrong in [
            RuleFixture.caller(8, executable: "/x", unit: "a.service"),
            RuleFixture.caller(7, executable: "/y", unit: "a.service"), RuleFixture.caller(7, executable: "/x"),
        ] {
            #expect(!decision(rules, wrong).isAllowed, "\(wrong)")
        }
    }

    @Test("expensive facts are requested only where they decide, and a file is read last")
    func facts() {
        let work = RuleFixture.account("work")
        let table: [(AccessRules, Caller, CallerFacts)] = [
            (RuleFixture.rules(), RuleFixture.caller(7), []),
            // Another user, another account, or an earlier rule that decides: nothing.
            (
                RuleFixture.rules(RuleFixture.rule(["work"], .user(8, name: nil), .executable("/x"))),
                RuleFixture.caller(7), []
            ),
            (RuleFixture.rules(RuleFixture.rule(["ci-*"], .executable("/x"))), RuleFixture.caller(7), []),
            (
                RuleFixture.rules(
                    RuleFixture.rule(["*"], .user(7, name: nil)), RuleFixture.rule(["*"], .executable("/x"))),
                RuleFixture.caller(7), []
            ),
            (
                RuleFixture.rules(
                    RuleFixture.rule(["*"], .user(8, name: nil)), RuleFixture.rule(["*"], .executable("/x"))),
                RuleFixture.caller(7), [.executableClaim]
            ),
            (RuleFixture.rules(RuleFixture.rule(["*"], .group(100, name: "g"))), RuleFixture.caller(7, group: 100), []),
            (
                RuleFixture.rules(RuleFixture.rule(["*"], .group(100, name: "g"))), RuleFixture.caller(7, group: 1),
                [.supplementaryGroups]
            ),
            (
                RuleFixture.rules(
                    RuleFixture.rule(["*"], .unit(Glob("a.service"))),
                    RuleFixture.rule(["*"], .executable("/x"), .executableDigest("ab"))),
                RuleFixture.caller(7), [.unit, .executableClaim, .executableDigest]
            ),
        ]
        for (rules, caller, facts) in table {
            #expect(rules.facts(on: work, for: caller) == facts, "\(rules.rules)")
        }
        // A caller known to be another program: its file is not read.
        let rules = RuleFixture.rules(RuleFixture.rule(["*"], .executable("/x"), .executableDigest("ab")))
        #expect(rules.facts(on: work, for: RuleFixture.caller(7, executable: "/y"), known: .executable) == [])
        #expect(
            rules.facts(on: work, for: RuleFixture.caller(7, executable: "/x"), known: .executable)
                == [.executableDigest])
        // Not read either if the process shows another path, or one that no rule names.
        var claims = RuleFixture.caller(7, executable: "/y")
        claims.uncertain = .executable
        #expect(rules.facts(on: work, for: claims, known: .executableClaim) == [])
        #expect(rules.furtherFactsToExplain(claims) == [])
        claims.executable = "/x"
        #expect(rules.facts(on: work, for: claims, known: .executableClaim) == [.executable, .executableDigest])
        #expect(rules.furtherFactsToExplain(claims) == .executable)
        // An unreadable path may be this program's.
        claims.executable = nil
        #expect(rules.facts(on: work, for: claims, known: .executableClaim) == [.executable, .executableDigest])
    }

    private func decision(_ rules: AccessRules, _ caller: Caller) -> Decision {
        rules.decide(.token, on: RuleFixture.account("work"), for: caller)
    }
}
