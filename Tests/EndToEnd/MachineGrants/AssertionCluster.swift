import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A demo issuer that believes a cluster, and the cluster's signer.
struct AssertionCluster {
    static let issuer = "https://cluster.example"
    static let subject = "system:serviceaccount:default:robot"

    let demo: DemoMachines
    let signer: TokenSigner
    let path: String

    var machines: MachineHome { demo.machines }

    init() async throws {
        let signer = try TokenSigner()
        let set = try TokenSigner.keySet(signer)
        demo = try await DemoMachines { configuration in
            configuration.machines?.federations = [
                DemoIssuer.Federation(
                    issuer: Self.issuer, subject: Self.subject,
                    audience: "api://exchange", client: "workload", keySet: set)
            ]
            configuration.machines?.assertionIssuers = [Self.issuer: set]
        }
        self.signer = signer
        path = try demo.home.files.directory("tokens") + "/token"
    }

    /// An assertion of the cluster; `lifetime` in seconds from now.
    func assertion(lifetime: Int = 3600, audience: String = "api://exchange", serial: String = "1") throws -> String {
        let now = Int(Date().timeIntervalSince1970)
        return try signer.token([
            "iss": "\"\(Self.issuer)\"", "sub": "\"\(Self.subject)\"",
            "aud": "\"\(audience)\"", "iat": "\(min(now, now + lifetime - 60))", "exp": "\(now + lifetime)",
            "serial": serial,
        ])
    }

    func put(_ text: String, mode: Int = 0o644) throws {
        try demo.home.files.file("tokens/token", text, mode: mode)
    }

    func writeAccount() throws {
        try machines.write(
            "robot", issuer: demo.issuer.issuer, client: "workload", "grant = \"client_credentials\"",
            "client_assertion_file = \"\(path)\"")
    }

    /// The assertions that were sent, in order.
    var sent: [String] { demo.issuer.log.compactMap { $0.form["client_assertion"] } }

    /// Runs a token request that must fail before anything is sent, as a fault of the configuration.
    func expectRefused(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let requests = sent.count
        let result = try await demo.home.authagent("token", "robot")
        #expect(result.status == 1 && result.output.isEmpty, "\(result.errors)", sourceLocation: sourceLocation)
        for word in words + [path] {
            #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
        }
        #expect(sent.count == requests, sourceLocation: sourceLocation)
        let problem = try await machines.problem("robot")
        #expect(problem.code == .configurationError, "\(problem)", sourceLocation: sourceLocation)
    }
}
