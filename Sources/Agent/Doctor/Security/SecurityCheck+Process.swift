package import AgentAPI
package import System

/// The checks of the daemon's own process, from facts.
extension SecurityCheck {
    /// Those that `strict` is about, in reading order.
    package static func required(_ facts: SecurityFacts) -> [SecurityCheck] {
        [
            dumpable(facts.process), core(facts.process), privileges(facts.process), seccomp(facts),
            files(facts), locked(facts),
        ]
    }

    private static func dumpable(_ process: ProcessRestrictions) -> SecurityCheck {
        guard process.isDumpable else {
            return SecurityCheck(.dumpable, .strong, "no other program of this user can read the agent's memory")
        }
        return SecurityCheck(
            .dumpable, .weak, "other programs of this user can read the agent's memory",
            hint: "start the agent again without a debugger")
    }

    private static func core(_ process: ProcessRestrictions) -> SecurityCheck {
        guard process.coreLimit != 0 else { return SecurityCheck(.core, .strong, "a crash writes no core file") }
        return SecurityCheck(
            .core, .weak, "a crash may write the agent's memory to a core file",
            hint: "run 'ulimit -c 0' before the agent's start, or set LimitCORE=0 in its unit")
    }

    private static func privileges(_ process: ProcessRestrictions) -> SecurityCheck {
        guard !process.hasNoNewPrivileges else {
            return SecurityCheck(.privileges, .strong, "no program that the agent starts can gain rights")
        }
        return SecurityCheck(
            .privileges, .weak, "the agent could gain rights by a set-user-ID program",
            hint: "see the agent's log for the reason, or set NoNewPrivileges=yes in its unit")
    }

    private static func seccomp(_ facts: SecurityFacts) -> SecurityCheck {
        guard !facts.process.hasSeccompFilter else {
            let more = facts.executesOnlyHelper ? ", and it can start the keyring helper alone" : ""
            return SecurityCheck(.seccomp, .strong, "system calls that the agent does not need fail\(more)")
        }
        return SecurityCheck(
            .seccomp, .weak, "every system call is open to the agent",
            hint: "see the agent's log for the reason, or set SystemCallFilter=@system-service in its unit")
    }

    private static func files(_ facts: SecurityFacts) -> SecurityCheck {
        switch facts.files {
        case .landlock(let version):
            return SecurityCheck(
                .files, .strong, "the agent can write only to directories of its own (Landlock, ABI \(version))")
        case .none where facts.process.isSystemReadOnly:
            return SecurityCheck(.files, .strong, "the directories of the system are read-only for the agent")
        case .none(let reason):
            return SecurityCheck(
                .files, .weak, "the agent can write to every file of its user: \(reason)",
                hint: "see 'cat /sys/kernel/security/lsm' for landlock, or set ProtectSystem=strict in a system unit")
        }
    }

    private static func locked(_ facts: SecurityFacts) -> SecurityCheck {
        guard !facts.areSecretsLocked else {
            let limit = facts.process.lockedMemoryLimit.map { "at most \($0 / 1024) KiB" } ?? "without a limit"
            return SecurityCheck(.locked, .strong, "the memory of secrets is locked, \(limit)")
        }
        return SecurityCheck(
            .locked, .weak, "secrets may be swapped to a disk: the limit of locked memory is too small",
            hint: "raise it with 'ulimit -l', or set LimitMEMLOCK=8M in its unit")
    }

    package static func capabilities(_ process: ProcessRestrictions) -> SecurityCheck {
        guard process.capabilities != 0 else {
            return SecurityCheck(.capabilities, .strong, "the agent has no capabilities")
        }
        let names = Capability.names(process.capabilities)
        return SecurityCheck(
            .capabilities, .weak, "the agent has capabilities: \(names)",
            hint: process.user == 0
                ? "run the agent as another user than root"
                : "take out AmbientCapabilities=; see 'systemctl cat authagent.service'")
    }

    package static func user(_ process: ProcessRestrictions) -> SecurityCheck {
        guard process.user == 0 else { return SecurityCheck(.user, .strong, "the agent's user is not root") }
        return SecurityCheck(
            .user, .weak, "the agent runs as root: a fault in it is one in the whole machine",
            hint: "run it as a user of its own, see SYSTEMD in authagentd(8)")
    }

    package static func hooks(_ facts: SecurityFacts) -> SecurityCheck {
        guard let fault = facts.spawnerFault else {
            return SecurityCheck(.hooks, .strong, "hooks run from a process that has no secrets")
        }
        return SecurityCheck(.hooks, .weak, fault.problem, hint: fault.hint)
    }
}

/// The names of capabilities(7), in the order of their bits.
private enum Capability {
    static func names(_ mask: UInt64) -> String {
        let known = all.indices.filter { mask & (1 << UInt64($0)) != 0 }.map { "CAP_" + all[$0].uppercased() }
        // root has all of them.
        return known.count > most ? "\(mask.nonzeroBitCount) of them" : known.joined(separator: ", ")
    }

    private static let most = 5

    private static let all = [
        "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
        "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
        "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
        "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
        "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
        "checkpoint_restore",
    ]
}
