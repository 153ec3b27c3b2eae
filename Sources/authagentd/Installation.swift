internal import Glibc

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
        let path = directory() + "/authagent-keyring"
        guard access(path, X_OK) == 0 else { throw Incomplete(path: path) }
        return path
    }

    private static func directory() -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
