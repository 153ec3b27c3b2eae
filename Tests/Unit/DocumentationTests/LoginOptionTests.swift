import AgentAPI
import Configuration
import Foundation
import TestSupport
import Testing

/// The options of `authagent login` and the members of its request, compared with the table of account keys.
struct LoginOptionTests {
    /// The options for keys of the account file.
    private static let keys = Set(AccountKey.all.compactMap(\.option))
    /// The other options, most for what is not stored in the file. The key `grant` is an option for each of its values.
    private static let others: Set = [
        "--client-secret-file", "--registration-token-file", "--timeout", "--json", "--code", "--device", "--ciba",
        "--user-code", "--acr", "--max-age", "--elevate", "--claims", "--browser-here", "--paste", "--bare-code",
    ]
    /// The negative forms of options that have both.
    private static let negations: Set = ["--no-pkce", "--no-par"]

    @Test("the program has the option of each key that a login may bring, and no other")
    func program() async throws {
        let help = try await ChildProcess.run(try BuildProducts.path("authagent"), ["login", "--help"])
        // The line of an option begins with two spaces and the option; what it does follows after two more.
        let heads = help.lines.filter { $0.hasPrefix("  -") }.map { line in
            let text = line.dropFirst(2)
            return text.firstRange(of: "  ").map { text[..<$0.lowerBound] } ?? text
        }
        let options = Set(heads.flatMap { $0.matches(of: /--[a-z-]+/).map { String($0.output) } })
        #expect(options.subtracting(Self.negations.union(["--help", "--version"])) == Self.keys.union(Self.others))
    }

    @Test("each option has an entry in authagent(1), and no other has")
    func manual() throws {
        let entries = try ManualPage("authagent.1").items(of: "login").filter { $0.first == "Fl" }
        let options = Set(entries.flatMap { $0.filter { $0.hasPrefix("-") } }.map { "-" + $0 })
        #expect(options.subtracting(Self.negations) == Self.keys.union(Self.others))
    }

    @Test("both descriptions of the API have each member of the request; OpenAPI's has each parameter of a provider")
    func description() throws {
        let text = try String(contentsOfFile: Repository.path("Sources/C/COpenAPI/openapi.json"), encoding: .utf8)
        let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let components = try #require(document["components"] as? [String: Any])
        let schemas = try #require(components["schemas"] as? [String: Any])
        let request = try #require((schemas["LoginRequest"] as? [String: Any])?["properties"] as? [String: Any])
        let settings = LoginSettings.CodingKeys.allCases.map(\.rawValue)
        let members = Set(settings + LoginRequest.CodingKeys.allCases.map(\.rawValue))
        #expect(Set(request.keys) == members)
        let items = try ManualPage("authagent-api.7").items(of: "POST /v1/accounts/ Ns Ar NAME Ns /login")
        #expect(members.isSubset(of: items.joined()))
        for key in AccountKey.all {
            guard let member = key.member else { continue }
            let described = try #require(request[member.rawValue] as? [String: Any], "\(key.name)")
            // The parameters of the providers are one member.
            guard key.name != member.rawValue else { continue }
            #expect((described["description"] as? String)?.contains("`\(key.name)`") == true, "\(key.name)")
        }
    }
}
