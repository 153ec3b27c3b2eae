public import Logging
public import Policy
internal import Synchronization

/// The audit trail: one line for each decision, in the log and optionally in a file.
public final class AuditTrail: AccessAudit {
    private struct Target {
        let file: AuditFile
        let writer: LineWriter
    }

    private let target = Mutex<Target?>(nil)
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
            if let target { return target.file.take(new) }
            let file = AuditFile(new, logger: logger)
            target = Target(file: file, writer: LineWriter(file, label: "authagent.audit"))
        }
    }

    public func record(_ record: AccessRecord) {
        let line = AuditLine(record, at: .now)
        guard !line.isRefusal || mayTell(refusalOf: record.caller.user, countedAs: record.owner ?? record.caller.user)
        else { return }
        add(line)
    }

    func add(_ line: AuditLine) {
        log(line)
        target.withLock { $0 }?.writer.add(line.isRefusal || line.isChange ? .important : .routine) { line.json }
    }

    /// Waits until every line is written, at most for `limit`.
    public func flush(within limit: Duration) {
        tellSuppressed(ofAllMinutes: true)
        target.withLock { $0 }?.writer.flush(within: limit)
    }
}
