package import AgentAPI
internal import Formats
internal import Policy

/// The questions that wait for an answer, and who waits for each. Pure: times and ids are parameters.
package struct PendingApprovals: Sendable {
    struct Entry: Sendable {
        var approval: Approval
        var question: ApprovalQuestion
        var waiters: Set<UInt64>
    }

    /// The result of a request that has to be confirmed.
    enum Joined: Equatable, Sendable {
        /// A new question, to be announced.
        case asked(Approval)
        /// The process and account have a question already.
        case shared
        case tooMany
    }

    /// Requests of a user that ended without an approval, within a minute of the first.
    private struct Unapproved {
        var since: ContinuousClock.Instant
        var count: Int
    }

    private var unapproved: [UInt32?: Unapproved] = [:]
    /// In the order of their arrival.
    private(set) var entries: [Entry] = []

    /// The owner and root have room of their own, so that other users cannot use it up.
    package static let mostOfOwner = 64
    package static let mostOfOthers = 32
    package static let mostOfOne = 4
    /// One process of the owner leaves room for the others.
    package static let mostOfProcess = 8
    /// In a minute. A program that repeats what is denied must not fill the owner's screen.
    package static let mostUnapproved = 10
    /// Users whose denials are counted at the same time.
    private static let mostCounted = 64
    /// Requests of one process that wait for the same answer.
    package static let mostWaiters = 64

    package init() {}

    /// Returns what the owner sees of a question.
    package static func described(_ question: ApprovalQuestion) -> Approval {
        Approval(question, id: "", at: 0, until: 0)
    }

    package var approvals: [Approval] { entries.map(\.approval) }

    mutating func join(
        _ question: ApprovalQuestion, waiter: UInt64, id: () -> String, at wall: Int, until deadline: Int,
        now: ContinuousClock.Instant
    ) -> Joined {
        if let index = entries.firstIndex(where: { $0.question.shares(question) }) {
            guard entries[index].waiters.count < Self.mostWaiters else { return .tooMany }
            entries[index].waiters.insert(waiter)
            entries[index].approval.expiresAt = max(entries[index].approval.expiresAt, deadline)
            return .shared
        }
        guard hasRoom(for: question), !isPaused(question.person, at: now) else { return .tooMany }
        var id = id()
        // An answer must be for one question; the caller's generator may repeat itself.
        while entries.contains(where: { $0.approval.id == id }) { id += "0" }
        let approval = Approval(question, id: id, at: wall, until: deadline)
        entries.append(Entry(approval: approval, question: question, waiters: [waiter]))
        return .asked(approval)
    }

    private func hasRoom(for question: ApprovalQuestion) -> Bool {
        let person = question.person
        let same = entries.count { $0.question.person == person }
        guard person != nil else {
            let ofProcess = entries.count {
                $0.question.person == nil && $0.question.caller.pid == question.caller.pid
            }
            return same < Self.mostOfOwner && ofProcess < Self.mostOfProcess
        }
        return same < Self.mostOfOne && entries.count { $0.question.person != nil } < Self.mostOfOthers
    }

    /// Notes that a question ended without an approval.
    mutating func noteUnapproved(_ question: ApprovalQuestion, at now: ContinuousClock.Instant) {
        if unapproved.count >= Self.mostCounted { unapproved = unapproved.filter { Self.isCounted($0.value, at: now) } }
        if let known = unapproved[question.person], Self.isCounted(known, at: now) {
            unapproved[question.person]?.count += 1
        } else if unapproved.count < Self.mostCounted {
            unapproved[question.person] = Unapproved(since: now, count: 1)
        }
    }

    private func isPaused(_ person: UInt32?, at now: ContinuousClock.Instant) -> Bool {
        guard let known = unapproved[person], Self.isCounted(known, at: now) else { return false }
        return known.count >= Self.mostUnapproved
    }

    private static func isCounted(_ unapproved: Unapproved, at now: ContinuousClock.Instant) -> Bool {
        now - unapproved.since < .seconds(60)
    }

    /// Takes an answered question out; `nil` if there is none with this id.
    mutating func take(_ id: String) -> Entry? {
        entries.firstIndex { $0.approval.id == id }.map { entries.remove(at: $0) }
    }

    /// Removes a waiter. Returns its question if no other request waits for it.
    mutating func leave(_ waiter: UInt64) -> Entry? {
        guard let index = entries.firstIndex(where: { $0.waiters.contains(waiter) }) else { return nil }
        entries[index].waiters.remove(waiter)
        return entries[index].waiters.isEmpty ? entries.remove(at: index) : nil
    }

    mutating func takeAll() -> [Entry] {
        defer { entries = [] }
        return entries
    }
}

extension Approval {
    /// Creates the description of a question. Its texts are the caller's, and cleaned here.
    fileprivate init(_ question: ApprovalQuestion, id: String, at wall: Int, until deadline: Int) {
        let (request, caller) = (question.request, question.caller)
        self.init(
            id: id, account: request.account,
            permission: request.permissions.map(\.rawValue).joined(separator: " "),
            scopes: request.scopes.isEmpty
                ? nil : request.scopes.prefix(Self.mostScopes).map { DisplayText.clean($0, limit: 128) },
            authorizationTypes: request.authorizationTypes.isEmpty
                ? nil : request.authorizationTypes.map { DisplayText.clean($0, limit: 128) },
            confirm: question.confirm, user: caller.user, pid: caller.pid,
            executable: caller.confirmedExecutable.map { DisplayText.clean($0, limit: 1000) },
            executableClaimed: caller.claimedExecutable.map { DisplayText.clean($0, limit: 1000) },
            unit: (caller.unit ?? caller.userUnit).map { DisplayText.clean($0, limit: 256) },
            rule: question.rule, requestedAt: wall, expiresAt: deadline)
    }

    private static let mostScopes = 32
}
