internal import Glibc

/// The environment of this process, read once: setenv elsewhere must not be seen half-way.
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

/// Variables that have libraries write secrets down, or weaken them: keys of TLS, traces of memory and of QUIC, fixed
/// random numbers, and code for reading other encodings. An agent keeps none of them.
public enum LeakyVariables {
    static let names = [
        "SSLKEYLOGFILE", "QLOGDIR", "GNUTLS_DEBUG_LEVEL", "MALLOC_TRACE", "CURL_MEMDEBUG", "CURL_DEBUG", "CURL_ENTROPY",
        "GCONV_PATH",
    ]

    /// Removes them from this process, before it has threads that read the environment.
    public static func forget() { for name in names { unsetenv(name) } }

    /// What an agent that is started gets.
    public static func without(_ environment: [String: String]) -> [String: String] {
        environment.filter { !names.contains($0.key) }
    }
}
