internal import Glibc

/// Places that are this user's to make things in: all that leads there is root's or this user's.
///
/// Root with a user's environment ('sudo -E') would otherwise leave directories there that the user cannot use, or follow
/// links that the user has made.
public enum OwnPlaces {
    /// Refuses a place that another user's directory or link leads to. What is missing is not a fault: the last directory
    /// that is there decides.
    public static func require(_ paths: [String]) throws(LocalSocketError) {
        for path in paths {
            do throws(PlaceFault) { _ = try PathWalk.to(path, .owners).path } catch { throw LocalSocketError(error) }
        }
    }

    /// What this environment has an agent make things in, or in what the libraries that it uses would.
    public static func of(_ environment: [String: String], socket: String?, state: String) -> [String] {
        let named = ["HOME", "XDG_RUNTIME_DIR"].compactMap { environment[$0] }.filter { $0.hasPrefix("/") }
        return named + [socket.map(PrivateDirectory.parent(of:)), state].compactMap { $0 }
    }
}
