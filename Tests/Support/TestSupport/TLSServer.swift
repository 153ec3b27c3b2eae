import Testing

/// `openssl s_server` on a port chosen by the kernel. Prints what clients send, and sends its input to them.
public final class TLSServer: Sendable {
    public let port: Int
    private let process: ChildProcess

    /// With a CA file, it refuses clients without a certificate of these authorities.
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
    /// Everything received, among the server's own lines.
    public var received: String { process.outputSoFar }
    /// Whether a connection has ended, properly or not.
    public var hasEndedConnection: Bool { received.contains("DONE\n") || process.errorsSoFar.contains("ERROR") }

    /// Sends a whole reply on the open connection.
    public func reply(_ body: String) {
        process.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
}
