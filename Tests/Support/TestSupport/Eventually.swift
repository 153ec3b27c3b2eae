public import Testing

/// Waits for a condition that other tasks or processes establish. Does not advance time: it polls, and fails the test
/// after `limit`.
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
