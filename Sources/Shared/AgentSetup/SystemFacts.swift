/// What a machine's agent has already, as `authagent setup system` has found it.
package struct SystemFacts: Equatable, Sendable {
    package static let user = "authagent"
    package static let socket = "/run/authagent/agent.sock"
    package static let credentials = "/etc/credstore.encrypted"
    package static let key = credentials + "/authagent-key"
    package static let rules = "/etc/authagent/authagent.toml"
    package static let record = "/etc/authagent/setup.record"
    package static let home = "/var/lib/authagent"
    package static let log = "/var/log/authagent"
    package static let state = home + "/state/authagent"

    package var installation: Installation
    package var units: UnitStates
    package var hasUser = false
    /// Whether systemd-creds(1) is there, since systemd 250.
    package var hasCredentials = true
    /// Whether a TPM seals the key as well.
    package var hasTPM = false
    /// `nil`: only root can see it.
    package var hasKey: Bool?
    package var hasStore: Bool?
    package var hasRules = false
    /// The groups of the caller of the first rule; `nil` if this machine lacks that user.
    package var callerGroups: [String]?
    /// Logins that only the memory of the running agent has.
    package var unstored: [String] = []

    package init(installation: Installation, units: UnitStates = UnitStates()) {
        (self.installation, self.units) = (installation, units)
    }
}
