internal import AgentAPI
internal import Policy

/// The parser of one `[[credential]]` in `authagent.toml`.
enum CredentialTable {
    /// The limit for both files together.
    static let most = 256

    static func parse(_ file: inout TOMLFile) throws(ConfigurationError) -> CredentialRule {
        let unit = try file.unit("unit")
        let credential = try credential(&file)
        let account = try file.accountName("account")
        let scopes = try file.strings("scopes")
        let what = try file.choice("what", SinkContentKind.self) ?? .accessToken
        try file.refuseUnknownKeys()
        guard let unit else {
            throw file.error("unit", "it is missing", hint: "add: unit = \"backup.service\"")
        }
        guard let credential else {
            throw file.error(
                "credential", "it is missing",
                hint: "add the name before the colon of LoadCredential=, like \"api-token\"")
        }
        guard what != .env else {
            throw file.error(
                "what", "\"env\" is for files",
                hint: "choose access_token, id_token, header or json; a unit reads a credential from a file of its own")
        }
        return CredentialRule(
            unit: unit, credential: credential, account: try file.required(account, "account"),
            target: try target(scopes, what, file), what: what)
    }

    private static func credential(_ file: inout TOMLFile) throws(ConfigurationError) -> Glob? {
        guard let text = try file.string("credential") else { return nil }
        guard (1...255).contains(text.utf8.count), text != ".", text != "..",
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") })
        else {
            throw file.error(
                "credential", "'\(TOMLFile.shown(text))' is not the name of a credential",
                hint: "give the name before the colon of LoadCredential=, like \"api-token\"; '*' matches any text")
        }
        return Glob(text)
    }

    private static func target(
        _ scopes: [String]?, _ what: SinkContentKind, _ file: TOMLFile
    ) throws(ConfigurationError) -> TokenTarget? {
        guard let scopes else { return nil }
        guard !scopes.isEmpty else {
            throw file.error("scopes", "the list is empty", hint: "leave it out for the scopes of the login")
        }
        guard what != .idToken else {
            throw file.error("scopes", "an ID token has no scopes to choose", hint: "leave it out")
        }
        do throws(TokenTarget.Invalid) { return try TokenTarget(scopes: scopes) } catch {
            throw file.error("scopes", "it \(error.problem)", hint: "list scopes as the provider writes them")
        }
    }
}
