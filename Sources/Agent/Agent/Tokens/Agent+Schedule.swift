internal import AgentAPI
internal import Configuration
internal import Logging
public import ServiceLifecycle
internal import Synchronization
internal import Vault

/// What the agent does without being asked: it reads the stores at the start, refreshes ahead of expiry, writes what a
/// store did not take, and revokes what could not be revoked.
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

    /// Reads accounts' credentials, so that the first request does not wait for the store.
    func read(_ accounts: [Account]) async {
        await withDiscardingTaskGroup { group in
            for account in accounts { group.addTask { await account.vault.readIfUnread() } }
        }
    }

    /// Each look is a run of the keyring helper; nobody waits for it.
    private static let storeRetry: Duration = .seconds(60)
    /// Of a store that no account uses. A machine without a keyring is not to be woken up every minute for it.
    private static let unusedStoreRetry: Duration = .seconds(3600)

    /// Takes up the revocations that an earlier agent left, whenever a store can be read: at the start, or once it is
    /// unlocked. Each store is read at least once, also when no account uses it any more.
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
                // Whoever makes or opens the sealed store has it read: no need to wake a machine up for that.
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
            // One moment for both: what is not due for the first must be in the future for the second.
            let now = parts.time.now
            runDue(at: now, in: &group)
            let wake = nextDue(after: now).map { due in
                // No parent: it belongs to this turn of the loop and is cancelled at its end.
                Task {
                    // One that is cancelled has nothing to tell: it would wake the loop that has just cancelled it, for
                    // ever.
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
            // Accounts never wait for each other.
            group.addTask { await account.vault.runDue(keepAlive: keepAlive) }
        }
        if let due = revocations.nextDue, due <= now { group.addTask { await self.revocations.runDue(at: now) } }
    }

    private func nextDue(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let accounts = state.withLock { Array($0.accounts.values) }
        let dues = accounts.map { $0.vault.nextDue(keepAlive: $0.settings.keepAlive, at: now) } + [revocations.nextDue]
        // What is due now is running already and tells when it is done.
        return dues.compactMap { $0 }.filter { $0 > now }.min()
    }

    /// Ends pending logins and waits for refreshes under way: their replies hold the only copies of new tokens.
    private func stop() async {
        let (accounts, logins) = state.withLock { (Array($0.accounts.values), Array($0.logins.values)) }
        for login in logins { login.stop(.agentStopped) }
        for login in logins { await login.wait() }
        for registration in state.withLock({ Array($0.registrations.values) }) { await registration.value }
        await withDiscardingTaskGroup { group in
            for account in accounts {
                group.addTask {
                    // What a store did not take so far would be lost; it may take it by now.
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
