internal import AgentAPI
internal import CurlTransport
internal import Glibc
internal import QRCode
internal import Sandbox

/// `authagentd --version --verbose`: the versions of the libraries that this machine has loaded, which are newer than those
/// of the build after an update of the system.
enum LibraryVersions {
    /// The answer to `--version` for these arguments of the process.
    static func text(_ arguments: some Sequence<String>) -> String {
        guard Set(arguments) == ["--version", "--verbose"] else { return agentVersion }
        return """
            authagentd \(agentVersion), running with:
              \(CurlTransport.libraryVersion)
              libqrencode \(QRCode.libraryVersion)
              libseccomp \(Sandbox.libraryVersion)
              \(glibc)
            """
    }

    /// As `glibc 2.36`.
    private static var glibc: String {
        var name = [UInt8](repeating: 0, count: 64)
        let count = name.withUnsafeMutableBytes { name in
            confstr(Int32(_CS_GNU_LIBC_VERSION), name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count)
        }
        return String(decoding: name.prefix(max(0, count - 1)), as: UTF8.self)
    }
}
