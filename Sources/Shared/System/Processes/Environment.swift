internal import Glibc

/// Returns this process's environment, read once: a concurrent setenv must not be seen half-way.
public func processEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var cursor = environ
    while let entry = cursor.pointee {
        let text = String(cString: entry)
        if let equals = text.firstIndex(of: "=") {
            result[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        cursor += 1
    }
    return result
}

/// Variables that make libraries log secrets or weaken them: TLS key logs, memory and QUIC traces, fixed random
/// numbers, loadable character sets. The agent drops all of them.
public enum LeakyVariables {
    static let names = [
        "SSLKEYLOGFILE", "QLOGDIR", "GNUTLS_DEBUG_LEVEL", "MALLOC_TRACE", "CURL_MEMDEBUG", "CURL_DEBUG", "CURL_ENTROPY",
        "GCONV_PATH",
    ]

    /// Removes them from this process, before other threads read the environment.
    public static func forget() { for name in names { unsetenv(name) } }

    /// Returns the environment for a new agent.
    public static func without(_ environment: [String: String]) -> [String: String] {
        environment.filter { !names.contains($0.key) }
    }
}
