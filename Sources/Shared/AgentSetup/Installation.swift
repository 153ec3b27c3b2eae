/// Where the programs and units are.
package struct Installation: Equatable, Sendable {
    /// The client, absolute.
    package let program: String

    package init(program: String) { self.program = program }

    /// Such as /usr.
    package var prefix: String {
        let words = program.split(separator: "/").dropLast(2)
        return words.isEmpty ? "" : "/" + words.joined(separator: "/")
    }

    package var systemUnits: String { prefix + "/lib/systemd/system" }
    package var userUnits: String { prefix + "/lib/systemd/user" }
    package var users: String { prefix + "/lib/sysusers.d/authagent.conf" }
    package var keyringHelper: String { prefix + "/libexec/authagent/authagent-keyring" }

    /// Whether systemd looks for units below this prefix.
    package var isSearched: Bool { ["/usr", "/usr/local", ""].contains(prefix) }
}

/// The agent's units, and what systemd says of them.
package struct UnitStates: Equatable, Sendable {
    package static let service = "authagent.service"
    package static let sockets = ["authagent.socket", "authagent-credential.socket"]

    /// Whether systemd has all of them.
    package var areLoaded: Bool
    package var enabled: Set<String>
    package var active: Set<String>

    package init(areLoaded: Bool = false, enabled: Set<String> = [], active: Set<String> = []) {
        (self.areLoaded, self.enabled, self.active) = (areLoaded, enabled, active)
    }

    /// Reads the properties Id, LoadState, UnitFileState and ActiveState, as `systemctl show` prints them.
    package init(shown text: String) {
        self.init()
        var loaded: [Bool] = []
        for block in text.split(separator: "\n\n") {
            var values: [Substring: Substring] = [:]
            for line in block.split(separator: "\n") {
                guard let equals = line.firstIndex(of: "=") else { continue }
                values[line[..<equals]] = line[line.index(after: equals)...]
            }
            guard let id = values["Id"].map(String.init) else { continue }
            loaded.append(values["LoadState"] == "loaded")
            if values["UnitFileState"] == "enabled" { enabled.insert(id) }
            if values["ActiveState"] == "active" { active.insert(id) }
        }
        areLoaded = !loaded.isEmpty && !loaded.contains(false)
    }

    package func isReady(_ unit: String) -> Bool { enabled.contains(unit) && active.contains(unit) }

    /// The arguments of systemctl(1) for `init(shown:)`.
    package static func question(_ units: [String]) -> String {
        "show --property=Id,LoadState,UnitFileState,ActiveState " + units.joined(separator: " ")
    }
}
