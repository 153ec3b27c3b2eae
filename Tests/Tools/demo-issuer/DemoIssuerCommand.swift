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

    @Flag(help: "Offer the authorization code grant, with PKCE and pushed requests.")
    var code = false

    @Flag(help: "Offer CIBA in poll mode to the client 'server'.")
    var ciba = false

    @Flag(inversion: .prefixedNo, help: "Offer the device grant.")
    var device = true

    @Option(help: "A value of acr that can be requested; the first applies otherwise.")
    var acr: [String] = []

    @Option(help: "A type of authorization_details that can be requested.")
    var details: [String] = []

    @OptionGroup(title: "Grants without a person")
    var machines: MachineOptions

    @Flag(help: "Approve and deny by POST /control/approve and /control/deny?user_code=… or ?binding_message=….")
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
        configuration.hasDevice = device
        configuration.code = code ? DemoIssuer.CodeRules() : nil
        configuration.ciba = ciba ? DemoIssuer.CIBARules() : nil
        configuration.machines = machines.rules
        configuration.authentication.levels = acr
        configuration.detailTypes = details.isEmpty ? nil : details
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
