import AgentAPI
import AgentServer
import Foundation
import Policy
import Synchronization

/// Rules for a caller that is neither the owner nor root, and the audit's records.
final class AccessFixture: AccessAudit {
    static let owner: UInt32 = 1000
    static let stranger = Caller(pid: 77, user: 4242, group: 4242)

    let facts: CallerFacts
    private let kept = Mutex<[AccessRecord]>([])

    init(facts: CallerFacts = []) { self.facts = facts }

    var records: [AccessRecord] { kept.withLock { $0 } }
    func record(_ record: AccessRecord) { kept.withLock { $0.append(record) } }

    private let count = Mutex(0)
    /// The number of refusals without a record.
    var suppressed: Int { count.withLock { $0 } }
    func suppress(_ user: UInt32, countedAs person: UInt32) { count.withLock { $0 += 1 } }

    /// Returns the server's access control, for which every connection is from this caller.
    func access(_ rules: CurrentRules, as caller: any CallerIdentity = KnownCaller(AccessFixture.stranger)) -> Access {
        Access(
            rules: rules, audit: self, credentials: { _ in caller.connected }, peer: { _ in caller },
            process: { $0 == 4711 ? KnownCaller(Caller(pid: 4711, user: 7, group: 7, executable: "/x")) : nil })
    }

    func access(_ rules: AccessRule..., as caller: any CallerIdentity = KnownCaller(AccessFixture.stranger)) -> Access {
        access(CurrentRules(AccessRules(owner: Self.owner, rules: rules)), as: caller)
    }

    static func rule(
        _ accounts: [String] = ["*"], _ conditions: [AccessRule.Condition] = [.user(4242, name: nil)],
        allow: Set<Permission>, scopes: [String]? = nil, perMinute: Int? = nil
    ) -> AccessRule {
        AccessRule(
            accounts: accounts.map(Glob.init), conditions: conditions, allow: allow,
            scopes: scopes.flatMap { ScopeBound($0) }, maximumPerMinute: perMinute, source: "authagent.toml:1"
        )
    }
}

/// A caller whose facts are collected on request, and some of them only with waiting.
final class SlowCaller: CallerIdentity {
    let connected: Caller
    private let full: Caller
    private let asked = Mutex<[CallerFacts]>([])
    /// Once set, the process has ended.
    let isLost = Mutex(false)

    init(_ full: Caller) {
        self.full = full
        connected = Caller(pid: full.pid, user: full.user, group: full.group)
    }

    var askedFor: [CallerFacts] { asked.withLock { $0 } }

    func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller? {
        guard !facts.contains(.executableDigest) else { return nil }
        return try known(facts)
    }

    func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller {
        await Task.yield()
        return try known(facts)
    }

    private func known(_ facts: CallerFacts) throws(CallerLost) -> Caller {
        if isLost.withLock({ $0 }) { throw .ended }
        asked.withLock { $0.append(facts) }
        var caller = connected
        if facts.contains(.supplementaryGroups) { caller.supplementaryGroups = full.supplementaryGroups }
        if facts.restOnProgram { caller.executable = full.executable }
        if facts.restOnProgram, !facts.contains(.executable) { caller.uncertain.insert(.executable) }
        if facts.contains(.executableDigest) { caller.executableDigest = full.executableDigest }
        if facts.contains(.unit) { (caller.unit, caller.slice) = (full.unit, full.slice) }
        return caller
    }
}
