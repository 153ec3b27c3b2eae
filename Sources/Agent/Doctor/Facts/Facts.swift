internal import Glibc

/// The paths to examine on this machine; tests use other ones.
public struct MachinePaths: Sendable {
    public var tpmDevice = "/dev/tpmrm0"
    /// The firmware table of a TPM 2.0, which systemd-creds(1) checks too.
    public var tpmFirmware = "/sys/firmware/acpi/tables/TPM2"
    /// Exists while systemd is the init system (sd_booted(3)).
    public var systemd = "/run/systemd/system"
    /// One file for each user whose services run without a session (loginctl(1)).
    public var linger = "/var/lib/systemd/linger"
    /// The swap spaces in use (proc(5)).
    public var swaps = "/proc/swaps"
    /// The device that hibernation writes to, as `major:minor`; `0:0` without one.
    public var resume = "/sys/power/resume"

    public init() {}
}

/// The key that systemd may pass to the agent (systemd.exec(5), `LoadCredentialEncrypted=`).
package struct CredentialFacts: Equatable {
    package static let name = "authagent-key"

    /// `nil` if systemd passes no credentials.
    package var directory: String?
    /// `nil` if the file does not exist.
    package var mode: UInt32?
    package var isReadable = false

    package init(directory: String? = nil, mode: UInt32? = nil, isReadable: Bool = false) {
        (self.directory, self.mode, self.isReadable) = (directory, mode, isReadable)
    }

    package init(_ environment: [String: String]) {
        guard let directory = environment["CREDENTIALS_DIRECTORY"], !directory.isEmpty else { return }
        self.directory = directory
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        mode = status.st_mode
        isReadable = access(path, R_OK) == 0
    }

    package var path: String { (directory ?? "") + "/" + Self.name }
}

/// Whether systemd-creds(1) can seal to a TPM2, by the files that it checks.
package struct TPMFacts: Equatable {
    package var hasDevice: Bool
    package var hasFirmware: Bool

    package init(hasDevice: Bool, hasFirmware: Bool) { (self.hasDevice, self.hasFirmware) = (hasDevice, hasFirmware) }

    package init(_ machine: MachinePaths) {
        hasDevice = access(machine.tpmDevice, F_OK) == 0
        hasFirmware = access(machine.tpmFirmware, F_OK) == 0
    }
}

/// Whether this user's services and session bus outlive the last session.
package struct LingerFacts: Equatable {
    package var hasSystemd: Bool
    /// `nil` if the user database has no name for the user.
    package var user: String?
    package var isLingering: Bool

    package init(hasSystemd: Bool, user: String?, isLingering: Bool) {
        (self.hasSystemd, self.user, self.isLingering) = (hasSystemd, user, isLingering)
    }

    package init(_ machine: MachinePaths) {
        hasSystemd = access(machine.systemd, F_OK) == 0
        let name = Self.name(of: geteuid())
        user = name
        isLingering = name.map { access(machine.linger + "/" + $0, F_OK) == 0 } ?? false
    }

    private static func name(of user: UInt32) -> String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name
        else { return nil }
        return String(cString: name)
    }
}

/// This process's executable, and whether the file was replaced.
package struct RunningProgram: Equatable {
    package var path: String
    package var isReplaced: Bool

    package init(path: String, isReplaced: Bool) { (self.path, self.isReplaced) = (path, isReplaced) }

    /// proc(5): the link of a removed or replaced file ends in " (deleted)".
    package init?(link: String = "/proc/self/exe") {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let text = String(decoding: buffer.prefix(count), as: UTF8.self)
        isReplaced = text.hasSuffix(Self.deleted)
        path = isReplaced ? String(text.dropLast(Self.deleted.count)) : text
    }

    private static let deleted = " (deleted)"
}
