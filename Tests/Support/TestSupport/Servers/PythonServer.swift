import Foundation
import Testing

/// A server written in Python, of `packaging/dev/servers`, that prints its issuer when it takes connections.
struct PythonServer {
    let issuer: String
    let process: ChildProcess

    /// Starts the script of this name, with the Python that `packaging/dev/install-servers` has made for it.
    static func start(_ name: String, _ arguments: [String]) async throws -> PythonServer {
        let python = try python(of: name)
        // Another process may take a free port before the server does.
        for _ in 0..<5 {
            let process = try ChildProcess(
                python,
                ["-B", Repository.path("packaging/dev/servers/\(name)-server.py"), "\(try ServerPort.free())"]
                    + arguments, environment: ChildProcess.programEnvironment)
            let issuer = await process.line(beginning: "http")
            if process.isRunning, !issuer.isEmpty { return PythonServer(issuer: issuer, process: process) }
            guard process.errorsSoFar.contains("Address already in use") else {
                throw Browser.Failure(description: "\(name) does not start: \(process.errorsSoFar)")
            }
        }
        throw POSIXError(.EADDRINUSE)
    }

    private static func python(of name: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache"
        let python = cache + "/authagent-test/python/\(name)/bin/python"
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw Browser.Failure(description: "\(name) is missing: run 'packaging/dev/install-servers'")
        }
        return python
    }
}
