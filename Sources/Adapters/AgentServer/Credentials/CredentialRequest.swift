/// What systemd requests, from the name that it binds: `RANDOM/unit/UNIT/CREDENTIAL` (systemd.exec(5)).
struct CredentialRequest: Equatable, Sendable {
    let unit: String
    let credential: String

    /// `nil` if the name does not have this form.
    init?(peerName name: String) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, !parts[0].isEmpty, parts[1] == "unit", !parts[2].isEmpty, !parts[3].isEmpty else {
            return nil
        }
        (unit, credential) = (String(parts[2]), String(parts[3]))
    }
}
