internal import Advice
package import AgentAPI
package import Vault

extension DoctorCheck {
    /// Checks the sealed store; `nil` if it neither exists nor is needed.
    ///
    /// `isAgent`: for the running agent a missing passphrase is a problem; the stand-alone doctor never has it.
    package static func sealed(
        _ store: KeyedStoreDescription, isNeeded: Bool, isAgent: Bool
    ) -> DoctorCheck? {
        let status = store.status
        if status.state == .ok {
            let count = store.records == 1 ? "1 record" : "\(store.records) records"
            return DoctorCheck(.sealedState, .ok, "the sealed store is open and has \(count)")
        }
        guard isNeeded || status.state != .notInitialized else { return nil }
        if status.state == .locked, !isAgent {
            return DoctorCheck(
                .sealedState, .warning, "the sealed store has a passphrase: after a start, tokens need it",
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
