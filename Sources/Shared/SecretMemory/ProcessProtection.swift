internal import CLinux
internal import Glibc

/// The protection that a process with secrets applies first.
public enum ProcessProtection {
    /// Disables core dumps and ptrace by the same user, and makes new files private (prctl(2), setrlimit(2)).
    public static func apply() {
        _ = clinux_set_not_dumpable()
        _ = clinux_forbid_core_files()
        _ = umask(0o077)
    }

    /// Whether secrets can be locked into memory. False if RLIMIT_MEMLOCK is too small: they may be swapped.
    public static func canLockSecrets() -> Bool {
        _ = SecretBytes([0])
        return LockedPages.shared.isLocked
    }
}
