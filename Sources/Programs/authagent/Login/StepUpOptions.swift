internal import AgentAPI
internal import ArgumentParser

/// The options of a login that a service has asked for, with another authentication than the last one (RFC 9470).
struct StepUpOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Require one of these authentication contexts, in order of preference; may be repeated.",
            valueName: "values"))
    var acr: [String] = []

    @Option(
        help: ArgumentHelp("Require an authentication at most this long ago, from 0 to 31536000.", valueName: "seconds")
    )
    var maxAge: Int?

    @Flag(help: "Keep the login in memory beside the account's login, for 'authagent token NAME --acr'.")
    var elevate = false

    @Option(help: ArgumentHelp("Send these claims, from a service's challenge.", valueName: "json|@file"))
    var claims: String?

    func validate() throws {
        if let maxAge, !(0...31_536_000).contains(maxAge) {
            throw ValidationError("--max-age must be from 0 to 31536000 seconds")
        }
        if !acr.isEmpty, let problem = AuthenticationContexts.problem(in: values) {
            throw ValidationError("--acr \(problem)")
        }
        if elevate, values.isEmpty { throw ValidationError("--elevate needs --acr") }
    }

    private var values: [String] { acr.flatMap { $0.split(separator: " ").map(String.init) } }

    func set(_ request: inout LoginRequest) throws {
        request.acrValues = values.isEmpty ? nil : values
        request.maxAge = maxAge
        request.elevate = elevate ? true : nil
        request.claims = try claims.map { try JSONInput.read($0, option: "--claims", is: .object) }
    }
}
