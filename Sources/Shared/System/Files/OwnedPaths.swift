internal import Glibc

/// Places where this user may create files: all directories on the way are root's or this user's.
///
/// Root with a user's environment ('sudo -E') would otherwise create directories that the user cannot use, or follow
/// the user's links.
public enum OwnedPaths {
    /// Refuses a place reached through another user's directory or link. Missing parts are not a fault: the last
    /// existing directory decides.
    public static func require(_ paths: [String]) throws(LocalSocketError) {
        for path in paths {
            do throws(PathFault) { _ = try PathWalk.to(path, .owners).path } catch { throw LocalSocketError(error) }
        }
    }

    /// Returns the places where an agent, or a library that it uses, creates files in this environment.
    public static func of(_ environment: [String: String], socket: String?, state: String) -> [String] {
        let named = ["HOME", "XDG_RUNTIME_DIR"].compactMap { environment[$0] }.filter { $0.hasPrefix("/") }
        return named + [socket.map(PrivateDirectory.parent(of:)), state].compactMap { $0 }
    }
}
