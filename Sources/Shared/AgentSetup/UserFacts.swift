/// What a person's own agent has already, as `authagent setup user` has found it.
package struct UserFacts: Equatable, Sendable {
    /// Where the refresh tokens are to be.
    package enum Store: String, CaseIterable, Sendable { case keyring, sealed }

    package var installation: Installation
    package var units: UnitStates
    package let user: String
    /// Such as /run/user/1000.
    package let runtime: String
    /// The directories of this user's files, as the agent finds them.
    package let configuration: String
    package let state: String
    package var hasSystemd = true
    /// Whether the user's service manager runs.
    package var hasManager = false
    /// Whether the unit's agent has these directories.
    package var isUnits = true
    package var isLingering = false
    package var store = Store.keyring
    package var hasKey = false
    package var hasStore = false
    /// The process of an agent that a command has started.
    package var other: Int32?
    /// Whether XDG_RUNTIME_DIR is set, which systemctl(1) needs.
    package var hasVariable = true

    package init(
        installation: Installation, user: String, runtime: String, configuration: String, state: String,
        units: UnitStates = UnitStates()
    ) {
        (self.installation, self.units, self.user) = (installation, units, user)
        (self.runtime, self.configuration, self.state) = (runtime, configuration, state)
    }

    /// Beside the agent's own directory, so that a copy of that one does not have it.
    package var key: String { configuration + ".key" }
    /// systemctl(1) for the user's service manager.
    package var systemctl: String { (hasVariable ? "" : "XDG_RUNTIME_DIR=\(runtime) ") + "systemctl --user" }
    package var record: String { state + "/setup.record" }
}
