/// The environment variables by which an agent reaches its bus and its providers. It inherits those of the command that
/// started it.
public enum AgentVariables {
    static let names = [
        "DBUS_SESSION_BUS_ADDRESS", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
        "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]
    /// The limit of a value, in bytes.
    static let longest = 1024

    /// Returns the variables that are set, without the user name and password of a proxy.
    public static func shown(_ environment: [String: String]) -> [String: String] {
        var shown: [String: String] = [:]
        for name in names {
            guard let value = environment[name], !value.isEmpty else { continue }
            let bounded = String(decoding: value.utf8.prefix(longest), as: UTF8.self)
            shown[name] = name.lowercased().hasSuffix("proxy") ? withoutPassword(bounded) : bounded
        }
        return shown
    }

    /// Returns the variables of a command that the agent lacks or has with another value. The user's bus in /run/user
    /// is found without a variable.
    public static func differing(_ command: [String: String], agent: [String: String], user: UInt32) -> [String] {
        shown(command).filter { name, value in
            if agent[name] == nil, value == "unix:path=/run/user/\(user)/bus" { return false }
            return agent[name] != value
        }.map(\.key).sorted()
    }

    /// Removes user name and password, which end at the last `@`; a list of hosts has none.
    private static func withoutPassword(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@") else { return url }
        let scheme = url.firstRange(of: "://").map { url[..<$0.upperBound] } ?? ""
        return String(scheme) + String(url[url.index(after: at)...])
    }
}
