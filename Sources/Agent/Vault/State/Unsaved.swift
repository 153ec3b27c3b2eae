/// A credential that memory holds and the store lacks.
struct Unsaved: Sendable, Equatable {
    /// Why the last attempt to write it failed, if there was one.
    var failure: StoreFailure?
    var backoff = Backoff()
    /// When to write it.
    var due: ContinuousClock.Instant
    /// Whether the credential survives this process all the same.
    var isJournaled: Bool
    /// Whether an attempt to write it is running.
    var isBeingWritten = false

    init(due: ContinuousClock.Instant, isJournaled: Bool) {
        self.due = due
        self.isJournaled = isJournaled
    }
}
