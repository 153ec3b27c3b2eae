internal import Dispatch
public import Logging
public import Policy
internal import Synchronization

/// The audit trail: one line for each decision, in the log and optionally in a file.
public final class AuditTrail: AccessAudit {
    private struct Target {
        let file: AuditFile
        let writer: LineWriter
        var path: String
    }

    private let target = Mutex<Target?>(nil)
    private let last = LastLine()
    private let log: @Sendable (AuditLine) -> Void
    private let logger: Logger
    let owner: UInt32
    let now: @Sendable () -> ContinuousClock.Instant
    let refusals = Mutex(Refusals())

    public let facts: CallerFacts = .record

    /// `log` takes a line and must not block; `logger` gets errors of the file. `owner`: the agent's user.
    public init(
        owner: UInt32, logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        log: @escaping @Sendable (AuditLine) -> Void
    ) {
        self.owner = owner
        self.logger = logger
        self.now = now
        self.log = log
    }

    /// Opens or reopens the file; on failure the current file stays. `nil` turns the file off.
    public func open(_ path: String?) throws(AuditFileFailure) {
        guard let path else {
            target.withLock { $0 = nil }
            return
        }
        var opened: AuditFile.OpenFile? = try AuditFile.open(path)
        target.withLock { target in
            guard let new = opened.take() else { return }
            if target != nil {
                target?.path = path
                target?.file.take(new)
                return
            }
            let file = AuditFile(new, logger: logger)
            target = Target(file: file, writer: LineWriter(file, label: "authagent.audit"), path: path)
        }
    }

    /// Reopens the file after another program has moved it away. On failure the log has the reason, and lines go where
    /// they went.
    public func reopen() {
        guard let path = target.withLock({ $0?.path }) else { return }
        do throws(AuditFileFailure) { try open(path) } catch {
            logger.error(
                "the audit file cannot be opened again",
                metadata: ["problem": "\(error)", "hint": "\(error.hint)"])
        }
    }

    /// Returns why the file could not be opened or created; `nil` if it could be, as far as that shows without doing it.
    public static func obstacle(_ path: String) -> AuditFileFailure? {
        do throws(AuditFileFailure) { try AuditFile.check(path) } catch { return error }
        return nil
    }

    public func record(_ record: AccessRecord) {
        let line = AuditLine(record, at: .now)
        guard !line.isRefusal || admit(refusalOf: record.caller.user, countedAs: record.owner ?? record.caller.user)
        else { return }
        add(line)
    }

    func add(_ line: AuditLine) {
        log(line)
        let last = last
        target.withLock { $0 }?.writer.add(line.isRefusal || line.isChange ? .important : .routine) {
            last.bytes(of: line) { $0.json }
        }
    }

    /// Waits until every line is written, at most for `limit`.
    public func flush(within limit: Duration) {
        reportSuppressed(ofAllMinutes: true)
        target.withLock { $0 }?.writer.flush(within: limit)
    }
}

// Refusals of other users: one line for each of the first in a minute, then one summary line.

extension AuditTrail {
    struct Refusals {
        var lines = RefusedLines()
        /// Whether a timer for the summary line is already set.
        var isAwaited = false

        /// Returns the delay until a summary is due; `nil` if none is due or a timer is already set.
        mutating func wait(at now: ContinuousClock.Instant) -> Duration? {
            guard !isAwaited, let next = lines.next else { return nil }
            isAwaited = true
            return max(.zero, next - now)
        }
    }

    public func suppress(_ user: UInt32, countedAs person: UInt32) {
        guard !isOwn(user) else { return }
        let now = now()
        let (suppressed, wait) = refusals.withLock { refusals in
            let suppressed = refusals.lines.takeSuppressed(at: now)
            refusals.lines.suppress(person, at: now)
            return (suppressed, refusals.wait(at: now))
        }
        report(suppressed, wait)
    }

    func admit(refusalOf user: UInt32, countedAs person: UInt32) -> Bool {
        if isOwn(user) { return true }
        let now = now()
        let (suppressed, isAdmitted, wait) = refusals.withLock { refusals in
            let suppressed = refusals.lines.takeSuppressed(at: now)
            let isAdmitted = refusals.lines.admit(person, at: now)
            return (suppressed, isAdmitted, refusals.wait(at: now))
        }
        report(suppressed, wait)
        return isAdmitted
    }

    func reportSuppressed(ofAllMinutes all: Bool = false) {
        let now = now()
        let (suppressed, wait) = refusals.withLock { refusals in
            refusals.isAwaited = all && refusals.isAwaited
            let suppressed = refusals.lines.takeSuppressed(at: now, all: all)
            return (suppressed, refusals.wait(at: now))
        }
        report(suppressed, wait)
    }

    /// The owner and root fill their own disk, and look for their own program in the log.
    private func isOwn(_ user: UInt32) -> Bool { user == owner || user == 0 }

    private func report(_ suppressed: [RefusedLines.Suppressed], _ wait: Duration?) {
        for suppressed in suppressed { add(AuditLine(suppressed, at: .now)) }
        guard let wait else { return }
        // The refused user may never connect again, so a timer writes the summary.
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(wait / .milliseconds(1)) + 1)) {
            [weak self] in self?.reportSuppressed()
        }
    }
}
