internal import AgentAPI
internal import Configuration
internal import Logging
internal import ServiceLifecycle
internal import Vault

/// The agent's background work: it reads the stores at the start, refreshes ahead of expiry, and retries failed writes
/// and revocations.
struct BackgroundWork: Sendable {
    let shared: SharedParts
    let registry: AccountRegistry
    let logins: Logins
    let revocations: RevocationQueue
    let expiries: ExpiryNotices
    let sinks: Sinks
    let renewals: Renewals

    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                let accounts = registry.accounts
                group.addTask { await restoreRevocations() }
                group.addTask { await registry.read(accounts) }
                group.addTask { await runHooks() }
                group.addTask { await sinks.run() }
                group.addTask { await renewals.book.saveChanges() }
                await followPlan(in: &group)
            }
        }
        await stop()
    }

    /// The interval of retries. Each one runs the keyring helper, and no caller waits for it.
    private static let storeRetry: Duration = .seconds(60)
    /// The interval for unused stores: a machine without a keyring must not wake up every minute.
    private static let unusedStoreRetry: Duration = .seconds(3600)

    /// Restores pending revocations when a store becomes readable, at the start or after an unlock. Each store is read
    /// at least once, even if no account uses it.
    private func restoreRevocations() async {
        await withDiscardingTaskGroup { group in
            for kind in StoreKind.allCases {
                let entry = shared.stores[kind]
                group.addTask {
                    for await records in entry.reader.reads { revocations.restore(records, from: entry.store) }
                }
                group.addTask { await readOnce(kind) }
            }
        }
    }

    private func readOnce(_ kind: StoreKind) async {
        while !Task.isCancelled {
            do throws(StoreFailure) {
                _ = try await shared.stores[kind].reader.records()
                return
            } catch {
                // Creating or opening the sealed store reads it, so polling is not needed.
                if kind == .sealed, error.state == .notInitialized || error.state == .locked { return }
            }
            let isUsed = registry.accounts.contains { $0.settings.usedStore == kind }
            let pause = isUsed ? Self.storeRetry : Self.unusedStoreRetry
            try? await shared.time.sleep(until: shared.time.now + pause)
        }
    }

    private func runHooks() async {
        await shared.hooks.run { store in registry.accounts.contains { $0.settings.usedStore?.rawValue == store } }
    }

    private func followPlan(in group: inout DiscardingTaskGroup) async {
        var changes = shared.schedule.stream.makeAsyncIterator()
        while !Task.isCancelled {
            // Use one instant: what is not due for the first call must be in the future for the second.
            let now = shared.time.now
            runDue(at: now, in: &group)
            let wake = nextDue(after: now).map { due in
                // Unstructured task: cancelled at the end of this turn of the loop.
                Task {
                    // A cancelled timer must not signal: it would wake the loop that cancelled it, endlessly.
                    do { try await shared.time.sleep(until: due) } catch { return }
                    shared.schedule.changed()
                }
            }
            _ = await changes.next()
            wake?.cancel()
        }
    }

    private func runDue(at now: ContinuousClock.Instant, in group: inout DiscardingTaskGroup) {
        for account in registry.accounts {
            let keepAlive = account.settings.keepAlive
            guard let due = account.vault.nextDue(keepAlive: keepAlive, at: now), due <= now else { continue }
            // One account's refresh must not delay another's.
            group.addTask { await account.vault.runDue(keepAlive: keepAlive) }
        }
        let expiring = registry.accounts.filter { account in
            expiries.nextDue(account, at: now).map { $0 <= now } ?? false
        }
        if !expiring.isEmpty { group.addTask { await expiries.runDue(registry.accounts) } }
        renewals.withdrawUnwanted()
        for account in registry.accounts { renewals.start(account, at: now) }
        if let due = revocations.nextDue, due <= now { group.addTask { await revocations.runDue(at: now) } }
    }

    private func nextDue(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let dues =
            registry.accounts.map { $0.vault.nextDue(keepAlive: $0.settings.keepAlive, at: now) }
            + registry.accounts.map { expiries.nextDue($0, at: now) }
            + registry.accounts.map { renewals.nextDue($0, at: now) } + [revocations.nextDue]
        // What is due now is running and signals when it is done.
        return dues.compactMap { $0 }.filter { $0 > now }.min()
    }

    /// Ends pending logins and waits for running refreshes: their replies hold the only copies of new tokens.
    private func stop() async {
        await logins.stop(.agentStopped)
        await logins.waitForRegistrations()
        await withDiscardingTaskGroup { group in
            for account in registry.accounts {
                group.addTask {
                    // Last attempt to write what a store did not take; it would be lost.
                    do throws(StoreFailure) { try await account.vault.flush() } catch {
                        shared.logger.error(
                            "a login is lost: the store does not take it",
                            metadata: ["account": "\(account.name)", "store": "\(error.state.rawValue)"]
                        )
                    }
                    await account.vault.settle()
                }
            }
        }
        await renewals.book.saveChanges()
        shared.logger.info("agent stopped")
    }
}

/// A signal that wakes the background loop when the next due time may have changed.
final class Schedule: Sendable {
    private let changes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        // One wake-up serves any number of changes.
        (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func changed() { continuation.yield() }

    /// The signals; for one consumer.
    var stream: AsyncStream<Void> { changes }
}
