import Foundation

/// Private mounts (mount_namespaces(7)).
public enum MountNamespace {
    /// Namespaces are unavailable, with the way to enable them.
    struct Missing: Error, CustomStringConvertible {
        let reason: String

        var description: String {
            """
            a mount namespace cannot be made here: \(reason); only root can make one, and where / is not a mount point, \
            as in a chroot, run 'mount --bind DIRECTORY DIRECTORY' before 'chroot DIRECTORY'
            """
        }
    }

    /// A command that creates a namespace and executes the command after it. Tried once before it is returned.
    public static func command() async throws -> [String] { try await working(["--mount"]) }

    /// The same without root: in a user namespace, in which the caller is root (user_namespaces(7)).
    public static func commandOfAnyUser() async throws -> [String] { try await working(["-Urm"]) }

    private static func working(_ options: [String]) async throws -> [String] {
        let unshare = try MissingProgram.require("unshare", package: "util-linux")
        let result = try await ChildProcess.run(unshare, options + ["/bin/true"])
        guard result.status == 0 else {
            throw Missing(reason: result.errors.trimmingCharacters(in: .newlines))
        }
        return [unshare] + options
    }
}
