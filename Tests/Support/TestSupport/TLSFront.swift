import Foundation
import Testing

/// A TLS proxy in front of a local server, with persistent connections.
public final class TLSFront: Sendable {
    public let port: Int
    private let process: ChildProcess

    public var url: String { "https://127.0.0.1:\(port)" }

    public init(_ certificate: ThrowAwayCA.Certificate) async throws {
        let python = try MissingProgram.require("python3", package: "python3")
        process = try ChildProcess(
            python, ["-c", Self.program, certificate.certificateFile, certificate.keyFile],
            environment: ChildProcess.programEnvironment, input: nil)
        port = try #require(Int(await process.line()), "python3: \(process.errorsSoFar)")
    }

    /// Forwards connections to this port of 127.0.0.1.
    public func forward(to port: Int) { process.write("\(port)\n") }

    private static let program = """
        import socket, ssl, sys, threading
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        print(listener.getsockname()[1], flush=True)
        target = int(sys.stdin.readline())
        def pump(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:
                pass
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        def serve(raw):
            try:
                inside = context.wrap_socket(raw, server_side=True)
                behind = socket.create_connection(("127.0.0.1", target))
            except OSError:
                return
            threading.Thread(target=pump, args=(behind, inside), daemon=True).start()
            pump(inside, behind)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """
}
