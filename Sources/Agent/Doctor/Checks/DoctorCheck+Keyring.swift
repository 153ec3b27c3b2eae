internal import Advice
package import AgentAPI
package import System
package import Vault

extension DoctorCheck {
    package static func keyringHelper(_ missing: Fault, isNeeded: Bool) -> DoctorCheck {
        DoctorCheck(.keyringHelper, isNeeded ? .problem : .warning, missing.problem, hint: missing.hint)
    }

    /// Checks the session bus, the keyring and its default collection, up to the first failure.
    ///
    /// A keyring that no account uses is not a problem.
    package static func keyring(_ status: StoreStatus, isNeeded: Bool) -> [DoctorCheck] {
        let bad: State = isNeeded ? .problem : .warning
        let unused = isNeeded ? "" : "; no account uses it"
        let detail = status.detail ?? "the keyring is \(status.state.rawValue)"
        func failed(_ id: ID) -> DoctorCheck {
            DoctorCheck(id, bad, "\(status.state.rawValue): \(detail)\(unused)", hint: StoreAdvice(status).hint)
        }
        if status.state == .noBus { return [failed(.keyringBus)] }
        let bus = DoctorCheck(.keyringBus, .ok, "the session bus answers")
        let provider = DoctorCheck(.keyringState, .ok, "a keyring runs on the session bus")
        switch (status.state, status.hasCollection) {
        case (.ok, _):
            return [bus, unlocked(status), DoctorCheck(.keyringCollection, .ok, "there is a default collection")]
        case (_, false?):
            return [
                bus, provider,
                DoctorCheck(
                    .keyringCollection, bad, detail + unused,
                    hint: StoreAdvice(status).hint
                ),
            ]
        case (_, true?):
            return [bus, failed(.keyringState), DoctorCheck(.keyringCollection, .ok, "there is a default collection")]
        // The bus may be hung instead of the keyring.
        case (.hung, nil): return [failed(.keyringState)]
        case (_, nil): return [bus, failed(.keyringState)]
        }
    }

    /// The keyring is unlocked, except perhaps for one item.
    private static func unlocked(_ status: StoreStatus) -> DoctorCheck {
        guard let item = status.item else { return DoctorCheck(.keyringState, .ok, "the keyring is unlocked") }
        let failure = StoreFailure.lockedItem(item, program: status.program)
        return DoctorCheck(.keyringState, .warning, failure.detail, hint: StoreAdvice(failure).hint)
    }
}
