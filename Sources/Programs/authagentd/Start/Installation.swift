internal import Glibc
internal import System

/// The paths of this installation's other programs.
enum Installation {
    /// Returns the path of the keyring helper, which is in the daemon's own directory. It is never looked up in PATH,
    /// because the helper receives the refresh tokens.
    static func keyringHelper() throws(Fault) -> String {
        let path = programDirectory() + "/authagent-keyring"
        guard access(path, X_OK) == 0 else {
            throw Fault("\(path) is missing", hint: "install authagentd and authagent-keyring into one directory")
        }
        return path
    }
}
