package import AgentAPI
internal import Configuration
internal import System

/// The checks of what surrounds the process, from facts: its programs, the swap space, the stores.
extension SecurityCheck {
    package static func programs(_ files: [SecurityFacts.ProgramFile], user: UInt32) -> SecurityCheck {
        let remedy = "install the package, or run 'sudo packaging/install' in the sources"
        if let file = files.first(where: { $0.owner != 0 || $0.mode & 0o022 != 0 }) {
            return SecurityCheck(
                .programs, user == 0 ? .fair : .weak, "others than root can replace \(file.path)", hint: remedy)
        }
        if let file = files.first(where: { $0.mode & 0o044 != 0 }) {
            return SecurityCheck(
                .programs, .fair,
                "\(file.path) can be read: a debugger of this user can attach until the process protects itself",
                hint: "run 'sudo chmod 711 \(file.path)'")
        }
        return SecurityCheck(
            .programs, .strong, "the programs are root's, and the kernel protects them from their start")
    }

    /// Both restrictions stay with a program that the agent starts (prctl(2), seccomp(2)).
    package static func helper(_ facts: SecurityFacts) -> SecurityCheck? {
        guard facts.stores.contains(.keyring) else { return nil }
        guard facts.process.hasNoNewPrivileges, facts.process.hasSeccompFilter else {
            return SecurityCheck(
                .helper, .fair, "the keyring helper has no limits from the agent",
                hint: "see process.no_new_privs and process.seccomp")
        }
        return SecurityCheck(.helper, .strong, "the keyring helper has the agent's limits")
    }

    package static func swap(_ facts: SecurityFacts) -> SecurityCheck {
        let remedy = "encrypt the swap space, see crypttab(5)"
        if facts.swap.canHibernate {
            return SecurityCheck(
                .swap, .fair, "hibernation writes all memory to a disk, also what is locked", hint: remedy)
        }
        guard let hasSwap = facts.swap.hasSwap else {
            return SecurityCheck(
                .swap, .fair, "the agent cannot see whether the machine has swap space",
                hint: "run 'swapon --show', and encrypt what is on a disk, see crypttab(5)")
        }
        guard hasSwap else { return SecurityCheck(.swap, .strong, "the machine has no swap space on a disk") }
        return SecurityCheck(
            .swap, facts.areSecretsLocked ? .fair : .weak,
            facts.areSecretsLocked
                ? "the machine has swap space: secrets stay out of it, and copies in use may not"
                : "the machine has swap space, and secrets may get there", hint: remedy)
    }

    package static func stores(_ facts: SecurityFacts) -> [SecurityCheck] {
        var checks: [SecurityCheck] = []
        if facts.stores.contains(.keyring) { checks.append(keyring) }
        if facts.stores.contains(.sealed), let key = facts.sealed { checks.append(sealed(key)) }
        if facts.stores.contains(.memory) {
            checks.append(SecurityCheck(.memory, .strong, "logins of the store 'memory' are on no disk"))
        }
        return checks
    }

    private static let keyring = SecurityCheck(
        .keyring, .fair,
        "the keyring's password protects a stolen disk; an open keyring gives its items to every program of this user",
        hint: "move the logins with 'authagent store migrate sealed', see 'store' in authagent(1)")

    private static func sealed(_ key: SecurityFacts.SealedKey) -> SecurityCheck {
        let other = "run 'authagent store rekey --passphrase', or use a systemd credential and a TPM2"
        switch key.source {
        case .passphrase:
            return SecurityCheck(.sealed, .strong, "the sealed store's key depends on a passphrase, which no disk has")
        case .credential where key.hasTPM:
            return SecurityCheck(
                .sealed, .strong,
                "systemd passes the sealed store's key, which 'systemd-creds encrypt' seals to this machine's TPM2")
        case .credential:
            return SecurityCheck(
                .sealed, .fair,
                "systemd passes the sealed store's key, which a root-only key of this machine's disk opens",
                hint: "encrypt the disk, or run 'authagent store rekey --passphrase'")
        case .file:
            let file = key.file ?? "a file"
            guard key.isBesideStore else {
                return SecurityCheck(
                    .sealed, .fair, "the sealed store's key is \(file), in another file system than the store",
                    hint: other)
            }
            return SecurityCheck(
                .sealed, .weak, "the sealed store's key is \(file), on the disk of the store: a thief has both",
                hint: other)
        }
    }
}
