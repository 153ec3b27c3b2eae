package import AgentAPI
package import System

extension DoctorCheck {
    package static func program(_ program: RunningProgram) -> DoctorCheck {
        guard program.isReplaced else {
            return DoctorCheck(.agentProgram, .ok, "the running agent is \(program.path)")
        }
        return DoctorCheck(
            .agentProgram, .warning, "the running agent was started before \(program.path) was replaced",
            hint: "run 'authagent stop', and the next command starts the new one"
        )
    }

    /// `fault`: why the agent cannot run programs.
    package static func hooks(_ fault: Fault?) -> DoctorCheck {
        guard let fault else { return DoctorCheck(.agentHooks, .ok, "the process that runs hooks is there") }
        return DoctorCheck(.agentHooks, .problem, fault.problem, hint: fault.hint)
    }

    package static func credential(_ facts: CredentialFacts) -> DoctorCheck {
        guard facts.directory != nil else {
            return DoctorCheck(
                .systemdCredential, .ok, "systemd passes no credentials, which only a sealed store needs")
        }
        guard let mode = facts.mode else {
            return DoctorCheck(
                .systemdCredential, .warning, "systemd passes credentials, but no '\(CredentialFacts.name)'",
                hint: "see LoadCredentialEncrypted= in 'systemctl --user cat authagent.service'"
            )
        }
        guard facts.isReadable else {
            return DoctorCheck(
                .systemdCredential, .problem, "\(facts.path) cannot be read",
                hint: "run 'ls -l \(facts.path)' to see why"
            )
        }
        // The group bits may be the mask of the ACL that systemd sets for the service's user.
        guard mode & 0o007 == 0 else {
            return DoctorCheck(
                .systemdCredential, .problem, "\(facts.path) can be read by others",
                hint: "run 'chmod o= \(facts.path)'"
            )
        }
        return DoctorCheck(.systemdCredential, .ok, "systemd passes the key '\(CredentialFacts.name)'")
    }

    /// Without a TPM, systemd seals with a key of the machine, so this is not a problem.
    package static func tpm(_ facts: TPMFacts) -> DoctorCheck {
        if facts.hasDevice {
            return DoctorCheck(.systemdTPM, .ok, "there is a TPM2 that 'systemd-creds encrypt' can seal to")
        }
        guard facts.hasFirmware else {
            return DoctorCheck(.systemdTPM, .ok, "there is no TPM2; 'systemd-creds encrypt --with-key=host' needs none")
        }
        return DoctorCheck(
            .systemdTPM, .warning, "the firmware has a TPM2, and the kernel has no driver for it",
            hint: "run 'sudo modprobe tpm_crb' or 'sudo modprobe tpm_tis', then 'systemd-creds has-tpm2'"
        )
    }

    package static func linger(_ facts: LingerFacts) -> DoctorCheck {
        guard facts.hasSystemd else {
            return DoctorCheck(.systemdLinger, .ok, "systemd does not run here, so services do not end with a session")
        }
        guard let user = facts.user else {
            return DoctorCheck(
                .systemdLinger, .warning, "this user has no name, so its linger setting is unknown",
                hint: "run 'loginctl list-users'"
            )
        }
        guard facts.isLingering else {
            return DoctorCheck(
                .systemdLinger, .warning, "services and session bus of '\(user)' end with its last session",
                hint: "run 'sudo loginctl enable-linger \(user)'"
            )
        }
        return DoctorCheck(.systemdLinger, .ok, "services and session bus of '\(user)' outlive its sessions")
    }
}
