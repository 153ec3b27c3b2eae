import AgentAPI
import Configuration
import OAuth
import TestSupport
import Testing

/// The keys of accounts without a person, alone and together.
struct MachineKeyTests {
    private let files: TemporaryDirectory
    private let directory: AccountDirectory

    init() throws {
        files = try TemporaryDirectory()
        try files.directory("user")
        directory = AccountDirectory(user: files.path + "/user", system: files.path + "/system")
    }

    private func name(_ text: String) throws -> AccountName { try #require(AccountName(text)) }

    private func put(_ name: String, _ text: String) throws {
        try files.file("user/\(name).toml", "issuer = \"https://issuer.example\"\n" + text)
    }

    private func settings(_ text: String) throws -> AccountSettings? {
        try put("work", text)
        return try directory.load(try name("work"))
    }

    private func error(_ text: String) throws -> ConfigurationError? {
        #expect(throws: ConfigurationError.self) { try settings(text) }
    }

    @Test("client credentials need a client that authenticates, and no endpoint but that of tokens")
    func clientCredentials() throws {
        #expect(try error("grant = \"client_credentials\"")?.problem.hasPrefix("client_id: ") == true)
        let id = "grant = \"client_credentials\"\nclient_id = \"a\"\n"
        #expect(try settings(id)?.machineGrant == .clientCredentials)
        #expect(try error(id + "client_auth = \"none\"")?.problem.hasPrefix("client_auth: ") == true)
        try files.file("user/work.toml", id + "token_endpoint = \"https://a.example/token\"")
        #expect(try directory.load(try name("work"))?.hasLoginEndpoints == true)
    }

    @Test("a store is needed only where a stored secret may be the proof")
    func store() throws {
        let id = "client_id = \"a\"\ngrant = \"client_credentials\"\n"
        #expect(try settings(id)?.mayNeedStoredSecret == true)
        for key in ["client_secret_file", "client_key_file", "client_assertion_file"] {
            #expect(try settings(id + "\(key) = \"/f\"")?.mayNeedStoredSecret == false, "\(key)")
        }
        let google = "grant = \"jwt_bearer\"\nclient_key_file = \"/k\""
        #expect(try settings(google)?.mayNeedStoredSecret == false)
        #expect(try settings(google + "\nclient_id = \"a\"")?.mayNeedStoredSecret == false)
        let exchange = "client_id = \"a\"\ngrant = \"token_exchange\"\nsubject_token_file = \"/t\"\n"
        #expect(try settings(exchange)?.mayNeedStoredSecret == true)
        #expect(try settings(exchange + "client_auth = \"none\"")?.mayNeedStoredSecret == false)
    }

    @Test("the key of a JWT bearer grant signs its assertion, and the client only if it is told to")
    func keys() throws {
        let own = try settings("grant = \"jwt_bearer\"\nclient_id = \"a\"\nclient_key_file = \"/k\"")
        #expect(own?.signsGrant == true && own?.clientsOwnKeyFile == nil)
        let both = try settings(
            "grant = \"jwt_bearer\"\nclient_id = \"a\"\nclient_key_file = \"/k\"\nclient_auth = \"private_key_jwt\"")
        #expect(both?.clientsOwnKeyFile == "/k")
        let file = try settings(
            "grant = \"jwt_bearer\"\nclient_id = \"a\"\nclient_key_file = \"/k\"\nassertion_file = \"/a\"")
        #expect(file?.signsGrant == false && file?.clientsOwnKeyFile == "/k")
    }

    @Test("keys that do not go together are refused, at the key that is wrong")
    func combinations() throws {
        let client = "client_id = \"a\"\n"
        for (text, key) in [
            ("grant = \"jwt_bearer\"", "grant"),
            ("grant = \"jwt_bearer\"\nassertion_file = \"/a\"\nassertion_account = \"b\"", "assertion_account"),
            ("grant = \"jwt_bearer\"\nassertion_file = \"/a\"\nassertion_subject = \"b\"", "assertion_subject"),
            ("grant = \"jwt_bearer\"\nassertion_file = \"a\"", "assertion_file"),
            ("grant = \"token_exchange\"", "grant"),
            ("grant = \"token_exchange\"\nsubject_account = \"b\"\nsubject_token_file = \"/a\"", "subject_token_file"),
            ("grant = \"token_exchange\"\nsubject_account = \"b\"\nactor_account = \"b\"", "actor_account"),
            ("subject_account = \"b\"", "subject_account"),
            ("grant = \"client_credentials\"\nassertion_file = \"/a\"", "assertion_file"),
            ("grant = \"client_credentials\"\nlogin_hint = \"b\"", "login_hint"),
            ("grant = \"client_credentials\"\nkeep_alive = \"1h\"", "keep_alive"),
            (
                "grant = \"client_credentials\"\nclient_assertion_file = \"/a\"\nclient_key_file = \"/k\"",
                "client_assertion_file"
            ),
            ("client_assertion_file = \"/a\"\nclient_auth = \"client_secret_post\"", "client_auth"),
            (
                "grant = \"token_exchange\"\nsubject_account = \"b\"\nrequested_token_type = \"refresh_token\"",
                "requested_token_type"
            ),
            ("grant = \"token_exchange\"\nsubject_account = \"a/b\"", "subject_account"),
        ] {
            #expect(try error(client + text)?.problem.hasPrefix("\(key): ") == true, "\(text)")
        }
    }

    private func exchange(of subject: String) -> String {
        "client_id = \"a\"\ngrant = \"token_exchange\"\nclient_auth = \"none\"\nsubject_account = \"\(subject)\""
    }

    @Test("a chain of accounts loads, and one that leads to itself is refused with all its links")
    func chains() throws {
        try put("root", "client_id = \"a\"")
        try put("one", exchange(of: "root"))
        try put("two", exchange(of: "one"))
        #expect(try directory.load(try name("two"))?.derivedFrom == name("one"))
        #expect(directory.loadAll().errors.isEmpty)
        try put("root", exchange(of: "two"))
        let error = #expect(throws: ConfigurationError.self) { try directory.load(try name("one")) }
        #expect(error?.problem.contains("'one' → 'root' → 'two' → 'one'") == true, "\(error?.problem ?? "")")
        #expect(Set(directory.loadAll().errors.keys.map(\.description)) == ["root", "one", "two"])
    }

    @Test("an unknown subject is named, and does not refuse other accounts")
    func unknown() throws {
        try put("one", exchange(of: "gone"))
        try put("other", "client_id = \"a\"")
        let (accounts, errors) = directory.loadAll()
        #expect(accounts.keys.map(\.description) == ["other"])
        #expect(errors[try name("one")]?.problem.contains("no account 'gone'") == true)
        // An account whose file could not be written is not in a file.
        let gone = try #require(accounts[try name("other")])
        #expect(directory.loadAll(beside: [try name("gone"): gone]).errors.isEmpty)
    }
}
