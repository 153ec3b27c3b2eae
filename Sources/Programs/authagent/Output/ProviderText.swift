internal import AgentAPI

/// A provider preset as text.
enum ProviderText {
    /// The requirements for a login.
    static func summary(_ provider: ProviderDescription) -> String {
        var lines = heading(provider)
        lines.append("  issuer: \(provider.issuer)")
        if !provider.scopes.isEmpty { lines.append("  scopes: \(provider.scopes.joined(separator: " "))") }
        switch provider.clientSecret {
        case "required": lines.append("  needs a client secret")
        case "none": lines.append("  needs no client secret")
        default: break
        }
        lines.append("  client id: \(provider.registration)")
        if let flow = provider.codeFlow { lines.append("  login --code: \(codeFlow(flow))") }
        return text(lines + ending(provider))
    }

    /// All settings, with the names used in account files and `--json`.
    static func detail(_ provider: ProviderDescription) -> String {
        let (endpoints, requests) = (provider.endpoints, provider.requests)
        let elsewhere = provider.metadata ? "from the metadata, if it has one" : "none known"
        let values = [
            ("issuer", provider.issuer),
            ("metadata", provider.metadata ? "yes, and it wins over these endpoints" : "no"),
            ("device_endpoint", endpoints.device ?? elsewhere),
            ("token_endpoint", endpoints.token ?? elsewhere),
            ("revocation_endpoint", endpoints.revocation ?? elsewhere),
            ("registration_endpoint", endpoints.registration ?? elsewhere),
            ("authorization_endpoint", endpoints.authorization ?? elsewhere),
            ("scopes", words(provider.scopes)),
            ("offline_scope", provider.offlineScope ?? "none known"),
            ("client_secret", provider.clientSecret),
            ("client_auth", provider.clientAuthentication ?? "chosen by the metadata and the client's credentials"),
            ("pkce", requests.pkce.map { "\($0)" } ?? "if the provider requires it"),
            ("assertion_audience", requests.assertionAudience),
            ("request_encoding", requests.encoding),
            ("scope_parameter", requests.scopeParameter),
            ("device_grant_type", requests.deviceGrantType),
            ("device_code_parameter", requests.deviceCodeParameter),
            ("device_parameters", words(requests.deviceParameters)),
            ("public_clients", known(provider.codeFlow?.publicClients)),
            ("redirect_uri", provider.codeFlow?.redirectURI ?? "not known"),
            ("variable_port", known(provider.codeFlow?.variablePort)),
            ("authorization_parameters", words(provider.codeFlow?.authorizationParameters ?? [:])),
            ("refresh_ends_tokens", "\(provider.refreshEndsTokens)"),
            ("believe_omitted_scope", "\(provider.believesOmittedScope)"),
            ("registration", provider.registration),
        ]
        return text(heading(provider) + values.map { "  \($0.0): \($0.1)" } + ending(provider))
    }

    private static func heading(_ provider: ProviderDescription) -> [String] {
        var options = "--provider \(provider.name)"
        for parameter in provider.parameters {
            let name = String(parameter.name.map { $0 == "_" ? "-" : $0 })
            let option = "--\(name) \(parameter.name.uppercased())"
            options += parameter.standard == nil ? " \(option)" : " [\(option)]"
        }
        return ["\(provider.title): \(options)"]
            + provider.parameters.map { parameter in
                let standard = parameter.standard.map { " (default: \($0))" } ?? ""
                return "  \(parameter.name): \(parameter.meaning)\(standard)"
            }
    }

    private static func ending(_ provider: ProviderDescription) -> [String] {
        let unverified = provider.unverified.joined(separator: ", ")
        return ["  \(provider.notes)"] + (unverified.isEmpty ? [] : ["  not confirmed: \(unverified)"])
    }

    /// Which clients may log in in a browser, and where that may come back to.
    private static func codeFlow(_ flow: ProviderCodeFlow) -> String {
        let clients =
            switch flow.publicClients {
            case true?: "also without a client secret"
            case false?: "only with a client secret"
            case nil: "perhaps without a client secret"
            }
        let port =
            switch flow.variablePort {
            case true?: "any port"
            case false?: "the port that is registered there"
            case nil: "perhaps any port"
            }
        return "\(clients), at \(flow.redirectURI) with \(port)"
    }

    private static func known(_ value: Bool?) -> String { value.map { "\($0)" } ?? "not known" }

    private static func words(_ parameters: [String: String]) -> String {
        words(parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    }

    private static func words(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: " ") }

    private static func text(_ lines: [String]) -> String { lines.map(Console.clean).joined(separator: "\n") }
}
