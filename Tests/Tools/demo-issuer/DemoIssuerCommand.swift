import ArgumentParser
import DemoIssuer
import Foundation

/// Runs the demo issuer as a process, for the quickstart and for experiments.
@main
struct DemoIssuerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-issuer",
        abstract: "An OAuth authorization server on 127.0.0.1 for demonstrations. It trusts every client.",
        discussion: "The first line of its output is the issuer. It runs until its standard input ends."
    )

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 0

    @Flag(help: "Approve each code as soon as it is made.")
    var autoApprove = false

    @Option(help: "What happens to refresh tokens: none, old-accepted, one-use or one-use-family.", transform: rotation)
    var rotation = DemoIssuer.Rotation.oneUse

    @Option(help: "Lifetime of access tokens, in seconds.")
    var accessTtl = 3600

    @Option(help: "Seconds between two polls.")
    var interval = 1

    @Flag(help: "Let clients register themselves.")
    var register = false

    @Option(help: "Answer as Descope's gateway does, for the project with this id.")
    var descope: String?

    @Flag(help: "Approve and deny codes by POST /control/approve?user_code=… and /control/deny?user_code=….")
    var control = false

    private static func rotation(_ text: String) throws -> DemoIssuer.Rotation {
        guard let rotation = DemoIssuer.Rotation(rawValue: text) else { throw ValidationError("unknown: \(text)") }
        return rotation
    }

    func run() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.approvesAlone = autoApprove
        configuration.rotation = rotation
        configuration.accessTokenLifetime = accessTtl
        configuration.interval = interval
        configuration.enforcesInterval = true
        configuration.hasControl = control
        if let descope {
            configuration.descope = DemoIssuer.DescopeRules()
            configuration.descope?.project = descope
        }
        if register { configuration.registration = DemoIssuer.Registration() }
        let issuer = try await DemoIssuer.start(configuration, port: port)
        // Not print, which buffers lines in a pipe until the end.
        let name = descope == nil ? issuer.issuer : issuer.descopeIssuer
        FileHandle.standardOutput.write(Data("\(name)\n".utf8))
        while readLine() != nil {}
        try await issuer.shutdown()
    }
}
