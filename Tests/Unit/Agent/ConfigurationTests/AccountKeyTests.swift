import AgentAPI
import Configuration
import Testing

/// The table of account keys.
struct AccountKeyTests {
    /// Values, of which each member of a login's settings takes one.
    private static let samples = [
        #""google""#, #""https://issuer.example/a""#, #""memory""#, #""none""#, "true", #"["a"]"#, #""code""#,
        #"{"a":"b"}"#, #""[{\"type\":\"a\"}]""#, #""issuer""#, #""jwt""#,
    ]

    private func keys(with member: LoginSettings.CodingKeys, _ value: String) -> AccountKeys? {
        let body = "{\"\(member.rawValue)\":\(value)}"
        guard let settings = try? APIJSON.decode(LoginSettings.self, from: body.utf8) else { return nil }
        var keys = AccountKeys()
        do throws(AccountSettings.Invalid) { try keys.take(settings) } catch { return nil }
        return keys
    }

    @Test("a member of a login's settings sets the key of its name, and no other")
    func members() throws {
        for key in AccountKey.all {
            guard let member = key.member, member != .providerParameters else { continue }
            let keys = try #require(Self.samples.lazy.compactMap { self.keys(with: member, $0) }.first, "\(key.name)")
            let set = AccountKey.all.filter { !$0.lines(keys).isEmpty }
            #expect(set.map(\.name) == [member.rawValue])
            let first = key.lines(keys).first
            #expect(first?.hasPrefix("\(key.name) = ") == true || first == "[\(key.name)]")
        }
    }

    @Test("each member of a login's settings has a key, except the client's secret, which no file holds")
    func complete() {
        let members = Set(LoginSettings.CodingKeys.allCases).subtracting(AccountKey.all.compactMap(\.member))
        #expect(members == [.clientSecret])
        let names = AccountKey.all.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test("a client secret replaces the file of the secret")
    func secret() throws {
        var keys = AccountKeys(clientID: "tv", clientSecretFile: "/secret")
        try keys.take(LoginSettings(issuer: "https://issuer.example"))
        #expect(keys.clientSecretFile == "/secret")
        try keys.take(LoginSettings(clientSecret: "s"))
        #expect(keys.clientSecretFile == nil && keys.clientID == "tv")
    }
}
