internal import Dispatch
internal import Synchronization

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
        let (told, wait) = refusals.withLock { refusals in
            let told = refusals.lines.takeSuppressed(at: now)
            refusals.lines.suppress(person, at: now)
            return (told, refusals.wait(at: now))
        }
        tell(told, wait)
    }

    func mayTell(refusalOf user: UInt32, countedAs person: UInt32) -> Bool {
        if isOwn(user) { return true }
        let now = now()
        let (told, isAdmitted, wait) = refusals.withLock { refusals in
            let told = refusals.lines.takeSuppressed(at: now)
            let isAdmitted = refusals.lines.admit(person, at: now)
            return (told, isAdmitted, refusals.wait(at: now))
        }
        tell(told, wait)
        return isAdmitted
    }

    func tellSuppressed(ofAllMinutes all: Bool = false) {
        let now = now()
        let (told, wait) = refusals.withLock { refusals in
            refusals.isAwaited = all && refusals.isAwaited
            let told = refusals.lines.takeSuppressed(at: now, all: all)
            return (told, refusals.wait(at: now))
        }
        tell(told, wait)
    }

    /// The owner and root fill their own disk, and look for their own program in the log.
    private func isOwn(_ user: UInt32) -> Bool { user == owner || user == 0 }

    private func tell(_ suppressed: [RefusedLines.Suppressed], _ wait: Duration?) {
        for suppressed in suppressed { add(AuditLine(suppressed, at: .now)) }
        guard let wait else { return }
        // The refused user may never connect again, so a timer writes the summary.
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(wait / .milliseconds(1)) + 1)) {
            [weak self] in self?.tellSuppressed()
        }
    }
}
