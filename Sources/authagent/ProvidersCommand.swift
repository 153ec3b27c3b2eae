internal import AgentAPI
internal import ArgumentParser

struct ProvidersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "providers",
        abstract: "Show the providers that 'login --provider' knows.",
        discussion: "Any other provider works as well: 'authagent login NAME --issuer URL --client-id ID'."
    )

    @Flag(help: "Print one JSON object with 'providers'.")
    var json = false

    func run() throws {
        let list = try AgentConnection.open().request("GET", Route.providers.path).decoded(ProviderList.self)
        Console.print(json ? APIJSON.text(fixed: list) : list.providers.map(Self.text).joined(separator: "\n\n"))
    }

    private static func text(_ provider: ProviderDescription) -> String {
        var options = "--provider \(provider.name)"
        for parameter in provider.parameters {
            let name = String(parameter.name.map { $0 == "_" ? "-" : $0 })
            let option = "--\(name) \(parameter.name.uppercased())"
            options += parameter.standard == nil ? " \(option)" : " [\(option)]"
        }
        var lines = ["\(provider.title): \(options)"]
        for parameter in provider.parameters {
            let standard = parameter.standard.map { " (default: \($0))" } ?? ""
            lines.append("  \(parameter.name): \(parameter.meaning)\(standard)")
        }
        lines.append("  issuer: \(provider.issuer)")
        if !provider.scopes.isEmpty { lines.append("  scopes: \(provider.scopes.joined(separator: " "))") }
        switch provider.clientSecret {
        case "required": lines.append("  needs a client secret")
        case "none": lines.append("  needs no client secret")
        default: break
        }
        lines.append("  client id: \(provider.registration)")
        lines.append("  \(provider.notes)")
        if !provider.unverified.isEmpty {
            lines.append("  not confirmed: \(provider.unverified.joined(separator: ", "))")
        }
        return lines.map(Console.clean).joined(separator: "\n")
    }
}
