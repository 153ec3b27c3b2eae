internal import AgentAPI
internal import Configuration
internal import Logging
public import ServiceLifecycle
internal import Synchronization
internal import Vault

/// The agent's background work: it reads the stores at the start, refreshes ahead of expiry, and retries failed writes
/// and revocations.
extension Agent: Service {
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                let accounts = self.state.withLock { Array($0.accounts.values) }
                group.addTask { await self.restoreRevocations() }
                group.addTask { await self.read(accounts) }
                await self.followPlan(in: &group)
            }
        }
        await stop()
    }

    /// Reads accounts' credentials ahead of the first request.
    func read(_ accounts: [Account]) async {
        await withDiscardingTaskGroup { group in
            for account in accounts { group.addTask { await account.vault.readIfUnread() } }
        }
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
                let entry = parts.stores[kind]
                group.addTask {
                    for await records in entry.reader.reads { self.revocations.restore(records, from: entry.store) }
                }
                group.addTask { await self.readOnce(kind) }
            }
        }
    }

    private func readOnce(_ kind: StoreKind) async {
        while !Task.isCancelled {
            do throws(StoreFailure) {
                _ = try await parts.stores[kind].reader.records()
                return
            } catch {
                // Creating or opening the sealed store reads it, so polling is not needed.
                if kind == .sealed, error.state == .notInitialized || error.state == .locked { return }
            }
            let isUsed = state.withLock { $0.accounts.values.contains { $0.settings.store == kind } }
            let pause = isUsed ? Self.storeRetry : Self.unusedStoreRetry
            try? await parts.time.sleep(until: parts.time.now + pause)
        }
    }

    private func followPlan(in group: inout DiscardingTaskGroup) async {
        var changes = schedule.stream.makeAsyncIterator()
        while !Task.isCancelled {
            // Use one instant: what is not due for the first call must be in the future for the second.
            let now = parts.time.now
            runDue(at: now, in: &group)
            let wake = nextDue(after: now).map { due in
                // Unstructured task: cancelled at the end of this turn of the loop.
                Task {
                    // A cancelled timer must not signal: it would wake the loop that cancelled it, endlessly.
                    do { try await self.parts.time.sleep(until: due) } catch { return }
                    self.schedule.changed()
                }
            }
            _ = await changes.next()
            wake?.cancel()
        }
    }

    private func runDue(at now: ContinuousClock.Instant, in group: inout DiscardingTaskGroup) {
        for account in state.withLock({ Array($0.accounts.values) }) {
            let keepAlive = account.settings.keepAlive
            guard let due = account.vault.nextDue(keepAlive: keepAlive, at: now), due <= now else { continue }
            // One account's refresh must not delay another's.
            group.addTask { await account.vault.runDue(keepAlive: keepAlive) }
        }
        if let due = revocations.nextDue, due <= now { group.addTask { await self.revocations.runDue(at: now) } }
    }

    private func nextDue(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let accounts = state.withLock { Array($0.accounts.values) }
        let dues = accounts.map { $0.vault.nextDue(keepAlive: $0.settings.keepAlive, at: now) } + [revocations.nextDue]
        // What is due now is running and signals when it is done.
        return dues.compactMap { $0 }.filter { $0 > now }.min()
    }

    /// Ends pending logins and waits for running refreshes: their replies hold the only copies of new tokens.
    private func stop() async {
        let (accounts, logins) = state.withLock { (Array($0.accounts.values), Array($0.logins.values)) }
        for login in logins { login.stop(.agentStopped) }
        for login in logins { await login.wait() }
        for registration in state.withLock({ Array($0.registrations.values) }) { await registration.value }
        await withDiscardingTaskGroup { group in
            for account in accounts {
                group.addTask {
                    // Last attempt to write what a store did not take; it would be lost.
                    do throws(StoreFailure) { try await account.vault.flush() } catch {
                        self.parts.logger.error(
                            "a login is lost: the store does not take it",
                            metadata: ["account": "\(account.name)", "store": "\(error.state.rawValue)"]
                        )
                    }
                    await account.vault.settle()
                }
            }
        }
        parts.logger.info("agent stopped")
    }
}
