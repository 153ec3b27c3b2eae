internal import AgentAPI
internal import Policy

/// The decision about a credential: who is believed, which rule applies, and its record in the audit.
struct CredentialGate: Sendable {
    let access: Access
    let rules: CredentialRules

    enum Verdict {
        case allowed(CredentialRule, Caller, number: Int)
        /// A unit must not start with what it would get.
        case refused
        /// Another user's, which no manager of this agent's units is: it gets nothing.
        case stranger
    }

    /// Decides about a connection. Any process can claim the name that it was made from: the kernel must say that the
    /// process is root's or the agent's own user's, and in the control group of the unit that it names.
    func decide(_ request: CredentialRequest?, _ identity: any CallerIdentity) async -> Verdict {
        var caller = identity.connected
        guard access.rules.current.isOwn(caller) else {
            record(caller, request, .refused(.forbidden), reason: "not_a_manager")
            return .stranger
        }
        // The name may be in the form of a later systemd, which would take silence for an empty credential.
        guard let request else {
            record(caller, nil, .refused(.forbidden), reason: "not_a_manager")
            return .refused
        }
        do throws(CallerLost) { caller = try await identity.caller([.unit]) } catch {
            record(caller, request, .refused(.forbidden), reason: "caller_lost")
            return .refused
        }
        guard isManager(caller, of: request.unit) else {
            record(caller, request, .refused(.forbidden), reason: "not_a_manager")
            return .refused
        }
        guard let (rule, number) = rules.first(unit: request.unit, credential: request.credential) else {
            record(caller, request, .refused(.forbidden), reason: "no_credential_rule")
            return .refused
        }
        return .allowed(rule, caller, number: number)
    }

    /// Whether root's process is in the system unit, or the own user's in a unit of that user's manager: systemd loads
    /// credentials in a child that is in the control group already. Root of a user namespace has another number here.
    private func isManager(_ caller: Caller, of unit: String) -> Bool {
        guard caller.pid > 0, !caller.uncertain.contains(.unit) else { return false }
        return caller.user == 0 ? caller.unit == unit : caller.userUnit == unit
    }

    func record(
        _ caller: Caller, _ request: CredentialRequest?, _ result: AccessRecord.Result, _ rule: CredentialRule? = nil,
        number: Int? = nil, reason: String? = nil
    ) {
        var record = AccessRecord(
            caller: caller, permissions: [rule?.what == .idToken ? .idToken : .token], account: rule?.account,
            scopes: rule?.target?.scopes ?? [], result: result, reason: reason, rule: number,
            owner: access.rules.current.subordinates.owner(of: caller.user))
        record.credential = request.map { AccessRecord.Credential(unit: $0.unit, name: $0.credential) }
        access.audit.record(record)
    }
}
