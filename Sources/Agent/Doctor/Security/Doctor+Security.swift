public import AgentAPI
internal import Configuration
public import System
internal import Vault

extension Doctor {
    /// Returns how the agent is protected. `running` has what only the agent knows of itself. Changes nothing.
    public func security(_ running: SecurityFacts) async -> SecurityReport {
        let deadline = parts.time.now + Self.patience
        var facts = running
        let (paths, machine) = (parts.paths, parts.machine)
        let found = await withDeadline(deadline, ifLate: nil) {
            await Self.blocking { () -> SecurityFacts? in
                var found = running
                found.programs = SecurityFacts.ProgramFile.installed()
                found.swap = SecurityFacts.SwapFacts(machine)
                let accounts = AccountsOnDisk(AccountDirectory(paths))
                found.stores = Set(accounts.settings.map(\.settings.store))
                if accounts.needKeyring { found.stores.insert(.keyring) }
                return found
            }
        }
        if let found { facts = found }
        if facts.stores.contains(.sealed) {
            facts.sealed = await withDeadline(deadline, ifLate: nil) { [sealed = parts.sealed] in
                SecurityFacts.SealedKey(await sealed.describe(), machine)
            }
        }
        return SecurityReport(facts)
    }
}

extension SecurityReport {
    package init(_ facts: SecurityFacts) {
        let checks: [SecurityCheck?] =
            SecurityCheck.required(facts) + [
                .capabilities(facts.process), .user(facts.process),
                .programs(facts.programs, user: facts.process.user), .helper(facts), .hooks(facts), .swap(facts),
            ] + SecurityCheck.stores(facts)
        self.init(checks.compactMap(\.self))
    }
}

/// What `strict` needs and this machine does not give: the agent does not start.
public struct MissingProtection: FaultError, Equatable {
    public let fault: Fault

    /// Throws unless all that `strict` needs holds now, with a reason and a remedy for each thing that is missing.
    public static func require(_ facts: SecurityFacts) throws(MissingProtection) {
        let missing = SecurityCheck.required(facts).filter(\.isMissing)
        guard !missing.isEmpty else { return }
        let reasons = missing.map { "\($0.id.rawValue): \($0.detail)" }.joined(separator: "; ")
        throw MissingProtection(
            fault: Fault(
                "strict is set, and protection is missing: \(reasons)",
                hint: missing.compactMap { check in check.hint.map { "\(check.id.rawValue): \($0)" } }
                    .joined(separator: "\n")))
    }
}
