internal import Dispatch
internal import Synchronization

// Refusals of strangers: a line for each of the first in a minute, and one for the rest.

extension AuditTrail {
    struct Refusals {
        var lines = RefusedLines()
        /// Somebody will look for what there is to tell.
        var isAwaited = false

        /// How long it is until there is something to tell, if nobody waits for it yet.
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

    /// It is their own disk, and their own program that they look for in there.
    private func isOwn(_ user: UInt32) -> Bool { user == owner || user == 0 }

    private func tell(_ suppressed: [RefusedLines.Suppressed], _ wait: Duration?) {
        for suppressed in suppressed { add(AuditLine(suppressed, at: .now)) }
        guard let wait else { return }
        // Whoever was refused may never come again, and what there is no line of is told all the same.
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(wait / .milliseconds(1)) + 1)) {
            [weak self] in self?.tellSuppressed()
        }
    }
}
