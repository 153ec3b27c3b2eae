import Foundation
import TestSupport

/// Debian's oidc-agent with an account of the same Glewlwyd loaded, for comparison.
final class OIDCAgent: Sendable {
    let socket: String
    let environment: [String: String]
    private let pid: Int32
    private let files: TemporaryDirectory

    static let account = "bench"

    /// The request of its own client without encryption: the cheapest request it accepts.
    static let request = #"{"request":"access_token","account":"bench","min_valid_period":60}"#

    static func start(_ glewlwyd: Glewlwyd) async throws -> OIDCAgent {
        let agent = try MissingProgram.require("oidc-agent", package: "oidc-agent-cli")
        let generator = try MissingProgram.require("oidc-gen", package: "oidc-agent-cli")
        let files = try TemporaryDirectory()
        try files.directory(".oidc-agent")
        var environment = ChildProcess.programEnvironment
        environment["HOME"] = files.path
        environment["TMPDIR"] = files.path
        let started = try await ChildProcess.run(agent, environment: environment)
        guard let socket = value("OIDC_SOCK", in: started.output),
            let pid = value("OIDCD_PID", in: started.output).flatMap(Int32.init)
        else { throw BenchFailure("oidc-agent does not start: \(started.errors)") }
        environment["OIDC_SOCK"] = socket
        let oidcAgent = OIDCAgent(socket: socket, environment: environment, pid: pid, files: files)
        environment["OIDC_REFRESH_TOKEN"] = try await glewlwyd.refreshToken(client: "server", secret: "s3cret")
        let generated = try await ChildProcess.run(
            generator,
            [
                account, "--manual", "--iss=\(glewlwyd.issuer)", "--client-id=server", "--client-secret=s3cret",
                "--scope=\(Glewlwyd.scopes.joined(separator: " "))", "--redirect-uri=http://localhost:4242", "--rt-env",
                "--pw-cmd=echo password", "--prompt=none", "--confirm-default",
            ], environment: environment
        )
        guard generated.status == 0 else {
            throw BenchFailure("oidc-gen: \(generated.output)\(generated.errors)")
        }
        return oidcAgent
    }

    private init(socket: String, environment: [String: String], pid: Int32, files: TemporaryDirectory) {
        self.socket = socket
        self.environment = environment
        self.pid = pid
        self.files = files
    }

    deinit { kill(pid, SIGTERM) }

    private static func value(_ name: String, in output: String) -> String? {
        output.split(whereSeparator: { $0 == ";" || $0.isNewline }).first { $0.hasPrefix(name + "=") }
            .map { String($0.dropFirst(name.count + 1)) }
    }
}
