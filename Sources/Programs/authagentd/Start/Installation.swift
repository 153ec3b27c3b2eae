internal import Glibc
internal import System

/// Where this installation's other programs are.
enum Installation {
    struct Incomplete: Error, CustomStringConvertible {
        let path: String
        var description: String { "\(path) is missing" }
        var hint: String { "install authagentd and authagent-keyring into one directory" }
    }

    /// The helper lies beside the daemon, in /usr/libexec/authagent as in a build directory. It is never looked up in
    /// PATH: it gets to see the refresh tokens.
    static func keyringHelper() throws(Incomplete) -> String {
        let path = programDirectory() + "/authagent-keyring"
        guard access(path, X_OK) == 0 else { throw Incomplete(path: path) }
        return path
    }
}
