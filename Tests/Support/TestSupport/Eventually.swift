public import Testing

/// Waits until something that other tasks or processes are about to do has happened. It does not make time pass: it
/// looks often, and fails the test if nothing has happened within `limit`.
public func eventually(
    within limit: Duration = .seconds(45), _ what: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async rethrows {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record(what ?? "it did not happen within \(limit)", sourceLocation: sourceLocation)
            return
        }
        try? await Task.sleep(for: .milliseconds(5))
    }
}
