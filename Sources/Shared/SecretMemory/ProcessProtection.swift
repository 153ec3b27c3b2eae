internal import CLinux
internal import Glibc

/// The protection that a process with secrets applies first.
public enum ProcessProtection {
    /// Disables core dumps and ptrace by the same user, and makes new files private (prctl(2), setrlimit(2)).
    public static func apply() {
        forbidInspection()
        _ = umask(0o077)
    }

    /// No core dump, and no ptrace by the same user.
    public static func forbidInspection() {
        _ = clinux_set_not_dumpable()
        _ = clinux_forbid_core_files()
    }

    /// The name that ps(1) and the kernel's log show, of at most 15 bytes (prctl(2), PR_SET_NAME).
    public static func name(_ name: String) { clinux_name_process(name) }

    /// Whether secrets can be locked into memory. False where RLIMIT_MEMLOCK is too small: they may be swapped then.
    public static func canLockSecrets() -> Bool {
        _ = SecretBytes([0])
        return LockedPages.shared.isLocked
    }
}
