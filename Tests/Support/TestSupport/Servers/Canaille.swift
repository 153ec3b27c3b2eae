import Foundation
import Testing

/// A temporary canaille, an authorization server in Python, with its data in memory.
///
/// Its client `app` is public, and its user `ann` has the password `correct horse`. Clients can register themselves.
public final class Canaille: Sendable {
    public let issuer: String
    private let server: ChildProcess

    /// The client may use these redirect URIs, exactly as they are.
    public static func start(redirectURIs: [String]) async throws -> Canaille {
        let python = try pythonWithCanaille()
        // Another process may take a free port before the server does.
        for _ in 0..<5 {
            let server = try ChildProcess(
                python,
                ["-B", Repository.path("packaging/dev/servers/canaille-server.py"), "\(try ServerPort.free())"]
                    + redirectURIs, environment: ChildProcess.programEnvironment)
            let issuer = await server.line(beginning: "http")
            if server.isRunning, !issuer.isEmpty { return Canaille(issuer: issuer, server: server) }
            guard server.errorsSoFar.contains("Address already in use") else {
                throw Browser.Failure(description: "canaille does not start: \(server.errorsSoFar)")
            }
        }
        throw POSIXError(.EADDRINUSE)
    }

    private init(issuer: String, server: ChildProcess) {
        self.issuer = issuer
        self.server = server
    }

    /// Logs in as a person does in a browser, and consents.
    ///
    /// Returns where the browser is sent, which is not requested.
    public func approve(_ authorizationURI: String, in browser: Browser? = nil) async throws -> String {
        try await decide("accept", authorizationURI, browser)
    }

    public func deny(_ authorizationURI: String, in browser: Browser? = nil) async throws -> String {
        try await decide("deny", authorizationURI, browser)
    }

    private func decide(_ answer: String, _ uri: String, _ browser: Browser?) async throws -> String {
        try await (browser ?? Browser()).logIn(
            at: uri, of: issuer, answers: ["login": "ann", "password": "correct horse", "answer": answer])
    }

    /// The Python that `packaging/dev/install-servers` made.
    private static func pythonWithCanaille() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache"
        let python = cache + "/authagent-test/python/canaille/bin/python"
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw Browser.Failure(
                description: "canaille is missing: run 'packaging/dev/install-servers'")
        }
        return python
    }
}
