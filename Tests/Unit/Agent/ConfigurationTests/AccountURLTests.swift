import AgentAPI
import Configuration
import OAuth
import TestSupport
import Testing

/// `urls`, `git_username` and `registry_username` of an account file.
struct AccountURLTests {
    private let fixture: AccountFiles

    init() throws { fixture = try AccountFiles() }

    private func load(_ text: String) throws -> AccountSettings {
        try fixture.write(AccountFileTests.good + text)
        return try #require(try fixture.directory.load(fixture.name))
    }

    @Test("URLs are normalised, each once, and written back as they are compared")
    func roundTrip() throws {
        let settings = try load(
            #"urls = ["https://Git.example.com:443/a", "https://git.example.com/a/", "http://localhost:3000"]"#
                + "\ngit_username = \"oauth2\"\nregistry_username = \"00000000-0000-0000-0000-000000000000\"\n")
        #expect(settings.urls.map(\.text) == ["https://git.example.com/a/", "http://localhost:3000/"])
        try fixture.directory.prepare(settings, for: fixture.name).commit()
        let again = try #require(try fixture.directory.load(fixture.name))
        #expect(again.urls == settings.urls && again.gitUsername == "oauth2")
        #expect(again.registryUsername == "00000000-0000-0000-0000-000000000000")
    }

    @Test("without the keys, or with an empty list, an account has no URL")
    func absent() throws {
        #expect(try load("").urls.isEmpty)
        let empty = try load("urls = []\n")
        #expect(empty.urls.isEmpty)
        #expect(fixture.directory.claim(empty, of: fixture.name) == nil)
    }

    @Test("another provider leaves them to the account")
    func kept() throws {
        let keys = try load("urls = [\"https://h.example\"]\ngit_username = \"me\"\nregistry_username = \"t\"\n").keys
        let kept = keys.kept(at: nil)
        #expect(kept.urls == keys.urls && kept.gitUsername == "me" && kept.registryUsername == "t")
        #expect(kept.issuer == nil)
    }

    @Test(
        "a value of the wrong type, a bad URL, and a user name that ends a header field or a line are refused",
        arguments: [
            ("urls", "\"https://h.example\""), ("urls", "[1]"), ("urls", "[\"\"]"), ("urls", "[\"h.example\"]"),
            ("urls", "[\"https://h.example\", \"https://h.example/../x\"]"), ("urls", "[\"https://u@h.example\"]"),
            ("urls", "[\"https://h.example/?a\"]"),
            ("git_username", "\"\""), ("git_username", "\"a b\""), ("git_username", "\"a:b\""),
            ("git_username", "\"a\\nb\""), ("git_username", "\"a\\rb\""), ("git_username", "\"é\""),
            ("git_username", "\"\(String(repeating: "a", count: 256))\""), ("registry_username", "\"<token>\""),
            ("registry_username", "\"a\\tb\""),
        ])
    func refused(key: String, value: String) throws {
        let error = try fixture.error(AccountFileTests.good + "\(key) = \(value)\n")
        #expect(error.problem.contains(key) && error.line == 3, "\(error)")
        #expect(!error.hint.isEmpty && !error.description.contains("\u{0}"))
    }

    @Test("64 URLs are enough for an account, and one more is refused")
    func bound() throws {
        func list(_ count: Int) -> String {
            "urls = [" + (0..<count).map { "\"https://h.example/\($0)\"" }.joined(separator: ", ") + "]\n"
        }
        #expect(try load(list(64)).urls.count == 64)
        let error = try fixture.error(AccountFileTests.good + list(65))
        #expect(error.problem.contains("more than 64"))
    }

    @Test("what the machine's file has counts also where a user's file of that name replaces it")
    func replaced() throws {
        try fixture.write(AccountFileTests.good + "urls = [\"https://h.example\"]\n", in: "system", mode: 0o644)
        let machine = try #require(try fixture.directory.load(fixture.name))
        let first = try #require(fixture.directory.claim(machine, of: fixture.name))
        let mine = try load("urls = [\"https://my.example\"]\n")
        let second = try #require(fixture.directory.claim(mine, of: fixture.name))
        #expect(first != second)
        let other = try #require(AccountName("other"))
        let rival = try #require(
            URLClaim(other, machine, file: "/o", machine: [], machineFile: "/s/o"))
        #expect(URLMap([second, rival]).conflicts[other]?.otherFile == "\(fixture.files.path)/system/work.toml")
        // Whatever else is wrong in the machine's file, its URLs count.
        for text in [
            "urls = \"https://h.example\"\n", "urls = [\"https://h.example\"]\nscoops = 1\n",
            "urls = [\"https://h.example\"]\n= broken",
        ] {
            try fixture.write(text, in: "system", mode: 0o644)
            let claim = try #require(fixture.directory.claim(mine, of: fixture.name))
            #expect(URLMap([claim, rival]).conflicts[other] != nil, "\(text)")
        }
        // One without a URL says nothing.
        try fixture.write("nonsense", in: "system", mode: 0o644)
        let third = try #require(fixture.directory.claim(mine, of: fixture.name))
        #expect(URLMap([third, rival]).conflicts.isEmpty)
    }

    @Test(
        "the prefixes of a refused file are held, so that neither a shorter one nor another account serves them",
        arguments: ["issuer = 3\n", "= broken\n", "urls = [\"https://h.example/../x\"]\n", "git_username = \"\"\n"])
    func refusedFile(wrong: String) throws {
        let name = try #require(AccountName("team"))
        let list = wrong.hasPrefix("urls") ? "" : "urls = [\"https://h.example/team\"]\n"
        try fixture.files.file("user/team.toml", list + wrong, mode: 0o600)
        try fixture.write(AccountFileTests.good + "urls = [\"https://h.example/\"]\n")
        let (accounts, errors) = fixture.directory.loadAll()
        #expect(Array(errors.keys) == [name])
        let map = fixture.directory.urls(of: accounts, refused: errors.keys)
        let host = try #require(map.match(try ServiceURL(parsing: "https://h.example/x")))
        #expect(host.conflict == nil && host.accounts.map(\.account) == [fixture.name])
        guard !wrong.hasPrefix("urls") else { return }
        let team = try #require(map.match(try ServiceURL(parsing: "https://h.example/team/x")))
        #expect(team.conflict?.detail.contains("/user/team.toml") == true && team.accounts.map(\.account) == [name])
    }
}
