import Testing

/// `openssl s_server` on a port of the kernel's choice. It prints what clients send inside TLS, and sends them what it
/// is given.
public final class TLSServer: Sendable {
    public let port: Int
    private let process: ChildProcess

    /// With a file of authorities, it turns clients away that show no certificate of one of them.
    public init(_ certificate: ThrowAwayCA.Certificate, clientAuthorities: String? = nil) async throws {
        let openssl = try MissingProgram.require("openssl", package: "openssl")
        process = try ChildProcess(
            openssl,
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate.certificateFile, "-key", certificate.keyFile]
                + (clientAuthorities.map { ["-Verify", "1", "-verify_return_error", "-CAfile", $0] } ?? []),
            environment: ChildProcess.programEnvironment, input: nil
        )
        let line = await process.line(beginning: "ACCEPT ")
        port = try #require(line.split(separator: ":").last.flatMap { Int($0) }, "openssl: \(process.errorsSoFar)")
    }

    public var url: String { "https://127.0.0.1:\(port)" }
    /// Everything that came in, among the server's own lines.
    public var received: String { process.outputSoFar }
    /// Whether a connection has come to its end, peacefully or not.
    public var hasEndedConnection: Bool { received.contains("DONE\n") || process.errorsSoFar.contains("ERROR") }

    /// Sends a whole reply on the connection that is open.
    public func reply(_ body: String) {
        process.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
}
