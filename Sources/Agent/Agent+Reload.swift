internal import Accounts
public import AgentAPI
internal import Logging
internal import Synchronization
internal import Vault

extension Agent {
    /// The new configuration whole, or the old one stays: nothing changes when one file is wrong.
    public func reload() async throws(Problem) {
        let (settings, errors) = parts.directory.loadAll()
        if let error = errors.min(by: { $0.key < $1.key })?.value {
            parts.logger.error("reload refused", metadata: ["problem": "\(error)"])
            throw .configuration(error)
        }
        do throws(ConfigurationError) { try parts.reloadSettings() } catch {
            parts.logger.error("reload refused", metadata: ["problem": "\(error)"])
            throw .configuration(error)
        }
        let replaced = state.withLock { state in
            state.accounts.values.filter { account in
                settings[account.name].map { !$0.continues(account.settings) } ?? true
            }
        }
        // Before the store is read for those that take their place.
        await withDiscardingTaskGroup { group in
            for account in replaced { group.addTask { await account.vault.retire() } }
        }
        let added = state.withLock { state in
            state.fileErrors = [:]
            for account in replaced where state.accounts[account.name] === account {
                state.accounts[account.name] = nil
            }
            var added: [Account] = []
            for (name, settings) in settings {
                if let account = state.accounts[name] {
                    let isChanged = account.settings != settings
                    account.provider.settings = settings
                    if isChanged { account.vault.forgetTargets() }
                } else {
                    let account = Account(name: name, settings: settings, surroundings: surroundings)
                    state.accounts[name] = account
                    added.append(account)
                }
            }
            return added
        }
        parts.logger.info("configuration read again", metadata: ["accounts": "\(settings.count)"])
        await read(added)
    }
}
