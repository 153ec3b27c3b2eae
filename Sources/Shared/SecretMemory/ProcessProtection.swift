internal import CLinux
internal import Glibc

/// What a process that holds secrets does first.
public enum ProcessProtection {
    /// No core dump, no ptrace by the same user, private files from here on. prctl(2), setrlimit(2).
    public static func apply() {
        _ = clinux_set_not_dumpable()
        _ = clinux_forbid_core_files()
        _ = umask(0o077)
    }

    /// Whether secrets can be locked into memory. False where RLIMIT_MEMLOCK is too small: they may be swapped then.
    public static func canLockSecrets() -> Bool {
        _ = SecretBytes([0])
        return LockedPages.shared.isLocked
    }
}
