internal import Advice
package import AgentAPI
package import Vault

extension DoctorCheck {
    /// The sealed store; nil where there is none and none is needed.
    ///
    /// `isAgent`: a passphrase that the agent lacks keeps tokens away now; a doctor by itself never has it.
    package static func sealed(
        _ store: KeyedStoreDescription, isNeeded: Bool, isAgent: Bool
    ) -> DoctorCheck? {
        let status = store.status
        if status.state == .ok {
            let count = store.records == 1 ? "1 record" : "\(store.records) records"
            return DoctorCheck(.sealedState, .ok, "the sealed store opens, and has \(count)")
        }
        guard isNeeded || status.state != .notInitialized else { return nil }
        if status.state == .locked, !isAgent {
            return DoctorCheck(
                .sealedState, .warning, "the sealed store is kept by a passphrase: no token after a start without it",
                hint: StoreAdvice(status).hint
            )
        }
        let detail = status.detail ?? "the sealed store cannot be used"
        return DoctorCheck(
            .sealedState, isNeeded ? .problem : .warning,
            "\(status.state.rawValue): \(detail)" + (isNeeded ? "" : "; no account uses it"),
            hint: StoreAdvice(status).hint
        )
    }
}
