import AgentAPI
import Configuration
import OAuth
import Testing

/// Which account has a URL.
struct URLMapTests {
    private func claim(
        _ name: String, _ urls: [String], username: String? = nil, machine: [String] = [], inMachinesFile: Bool = false
    ) throws -> URLClaim {
        var keys = AccountKeys(issuer: try Issuer(parsing: "https://issuer.example"), clientID: "tv")
        keys.urls = try urls.map { try ServiceURL(parsing: $0) }
        keys.gitUsername = username
        let (account, machineFile) = (try #require(AccountName(name)), "/etc/\(name).toml")
        let settings = try AccountSettings(keys)
        let claimed = Set(try (inMachinesFile ? urls : machine).map { try ServiceURL(parsing: $0) })
        return try #require(
            URLClaim(
                account, settings, file: inMachinesFile ? machineFile : "/home/\(name).toml", machine: claimed,
                machineFile: machineFile))
    }

    private func names(_ map: URLMap, _ url: String) throws -> [String]? {
        guard let match = map.match(try ServiceURL(ofRequest: url)) else { return nil }
        return match.conflict == nil ? match.accounts.map(\.account.description) : []
    }

    @Test("the longest prefix of whole segments decides, and scheme, host and port count")
    func longest() throws {
        let map = URLMap([
            try claim("host", ["https://git.example.com/"]), try claim("team", ["https://git.example.com/team/"]),
            try claim("port", ["https://git.example.com:8443"]), try claim("plain", ["http://localhost/"]),
        ])
        for (url, expected) in [
            ("https://git.example.com/", "host"), ("https://git.example.com/team", "team"),
            ("https://git.example.com/team/x/y", "team"), ("https://git.example.com/teams", "host"),
            ("https://git.example.com/tea", "host"), ("https://git.example.com/TEAM", "host"),
            ("https://GIT.example.com:443/team/", "team"), ("https://git.example.com:8443/team/", "port"),
            ("http://localhost/team", "plain"), ("https://git.example.com/t%65am/x?y=1", "team"),
        ] {
            #expect(try names(map, url) == [expected], "\(url)")
        }
        for url in [
            "https://example.com/", "https://x.git.example.com/", "https://localhost/", "https://git.example.com:1/",
        ] {
            #expect(try names(map, url) == nil, "\(url)")
        }
        #expect(map.conflicts.isEmpty)
    }

    @Test("accounts share a prefix if each has a git_username and these differ")
    func shared() throws {
        let map = URLMap([
            try claim("a", ["https://h.example"], username: "me"),
            try claim("b", ["https://h.example"], username: "Me"),
        ])
        #expect(try names(map, "https://h.example/x") == ["a", "b"])
        let match = try #require(map.match(try ServiceURL(parsing: "https://h.example")))
        #expect(match.prefix == "https://h.example/")
        #expect(match.accounts.map(\.gitUsername) == ["me", "Me"])
        #expect(match.accounts.map(\.file) == ["/home/a.toml", "/home/b.toml"])
    }

    @Test(
        "otherwise neither is found by any URL, also not by a shorter prefix of another account",
        arguments: [(nil, nil), ("me", nil), ("me", "me")] as [(String?, String?)])
    func conflict(one: String?, other: String?) throws {
        let map = URLMap([
            try claim("a", ["https://h.example/x", "https://a.example"], username: one),
            try claim("b", ["https://h.example/x"], username: other), try claim("c", ["https://h.example"]),
        ])
        #expect(try names(map, "https://h.example/x/y") == [])
        #expect(try names(map, "https://a.example/") == [])
        #expect(try names(map, "https://h.example/y") == ["c"])
        #expect(map.conflicts.keys.map(\.description).sorted() == ["a", "b"])
        let first = try #require(AccountName("a"))
        let error = try #require(map.conflicts[first]?.error)
        #expect(error.file == "/home/a.toml" && error.problem.contains("/home/b.toml"))
        #expect(error.problem.contains("https://h.example/x/"))
    }

    @Test("a user's file never displaces what the machine's files have")
    func machine() throws {
        let corporate = try claim("corp", ["https://h.example"], inMachinesFile: true)
        let mine = try claim("mine", ["https://h.example", "https://my.example"])
        for map in [URLMap([corporate, mine]), URLMap([mine, corporate])] {
            #expect(try names(map, "https://h.example/") == ["corp"])
            #expect(try names(map, "https://my.example/") == [])
            #expect(map.conflicts.keys.map(\.description) == ["mine"])
        }
        // A machine's file that comes later, without a reload.
        var map = URLMap([mine])
        #expect(try names(map, "https://h.example/") == ["mine"])
        map.set(corporate, of: corporate.account)
        #expect(try names(map, "https://h.example/") == ["corp"])
        // A longer prefix displaces nothing.
        let longer = try claim("mine", ["https://h.example/me"])
        map.set(longer, of: longer.account)
        #expect(try names(map, "https://h.example/me/x") == ["mine"])
        #expect(try names(map, "https://h.example/") == ["corp"])
    }

    @Test("a user's file of the same name keeps the machine's URLs for the account, or leaves them to none")
    func replaced() throws {
        let url = "https://h.example"
        let kept = try claim("corp", [url], machine: [url])
        let dropped = try claim("corp", ["https://other.example"], machine: [url])
        let mine = try claim("mine", [url])
        #expect(try names(URLMap([kept, mine]), url) == ["corp"])
        let map = URLMap([dropped, mine])
        #expect(try names(map, url) == [])
        #expect(try names(map, "https://other.example") == ["corp"])
        #expect(map.conflicts[mine.account]?.error.problem.contains("/etc/corp.toml") == true)
    }

    @Test("two of the machine's files that contradict each other are both out, whatever a user's file has")
    func machineConflict() throws {
        let map = URLMap([
            try claim("a", ["https://h.example"], inMachinesFile: true),
            try claim("b", ["https://h.example"], inMachinesFile: true), try claim("c", ["https://h.example"]),
        ])
        #expect(try names(map, "https://h.example") == [])
        #expect(map.conflicts.count == 3)
    }

    @Test("an account that comes later does not displace one that is found by URL")
    func later() throws {
        let (first, second) = (try claim("a", ["https://h.example"]), try claim("b", ["https://h.example"]))
        var map = URLMap([first])
        map.set(second, of: second.account)
        #expect(try names(map, "https://h.example") == ["a"])
        #expect(map.conflicts.keys.map(\.description) == ["b"])
        // A login of the same account changes nothing.
        map.set(first, of: first.account)
        map.set(second, of: second.account)
        #expect(try names(map, "https://h.example") == ["a"])
        // Once the first has no URL any more, the second is found.
        map.set(nil, of: first.account)
        #expect(try names(map, "https://h.example") == ["b"])
        #expect(map.conflicts.isEmpty)
        map.set(nil, of: second.account)
        #expect(try names(map, "https://h.example") == nil)
    }

    @Test("accounts in conflict stay out when one of them logs in, and come back when it is resolved")
    func resolved() throws {
        let (first, second) = (try claim("a", ["https://h.example"]), try claim("b", ["https://h.example"]))
        var map = URLMap([first, second])
        map.set(first, of: first.account)
        #expect(try names(map, "https://h.example") == [])
        let moved = try claim("a", ["https://a.example"])
        map.set(moved, of: moved.account)
        #expect(try names(map, "https://h.example") == ["b"])
        #expect(try names(map, "https://a.example") == ["a"])
    }

    @Test("an account without urls claims nothing")
    func empty() throws {
        let keys = AccountKeys(issuer: try Issuer(parsing: "https://issuer.example"), clientID: "tv")
        let name = try #require(AccountName("a"))
        #expect(URLClaim(name, try AccountSettings(keys), file: "/a", machine: [], machineFile: "/b") == nil)
    }

    @Test("a thousand accounts of one host are told apart by their paths")
    func many() throws {
        let map = URLMap(try (0..<1000).map { try claim("a\($0)", ["https://h.example/team/\($0)"]) })
        #expect(map.conflicts.isEmpty)
        for number in [0, 1, 10, 999] {
            #expect(try names(map, "https://h.example/team/\(number)/x") == ["a\(number)"])
        }
    }
}

/// Which of the accounts with a URL a request is for.
struct URLChoiceTests {
    private func account(_ name: String, _ username: String?) throws -> MappedAccount {
        MappedAccount(account: try #require(AccountName(name)), gitUsername: username, file: "/\(name)")
    }

    private func choice(
        _ accounts: [MappedAccount], _ username: String?, visible: Set<String> = ["a", "b"]
    ) -> URLMatch.Choice {
        URLMatch(prefix: "https://h.example/", accounts: accounts)
            .choice(username: username) { visible.contains($0.description) }
    }

    @Test("one account is for each user name, whatever its own are")
    func one() throws {
        for account in [try account("a", nil), try account("a", "me")] {
            for username in [nil, "", "me", "Me", "other"] { #expect(choice([account], username) == .account(account)) }
        }
    }

    @Test("several need the user name")
    func several() throws {
        let (first, second) = (try account("a", "one"), try account("b", "two"))
        #expect(choice([first, second], nil) == .ambiguous([first, second]))
        #expect(choice([first, second], "two") == .account(second))
        for username in ["", "three", "Two", "two "] { #expect(choice([first, second], username) == .unmapped) }
        var registry = second
        registry.registryUsername = "__token__"
        #expect(choice([first, registry], "__token__") == .account(registry))
    }

    @Test("what the caller may not see counts as if it were not there, and is told apart for the audit only")
    func hidden() throws {
        let (first, second) = (try account("a", "one"), try account("b", "two"))
        #expect(choice([first, second], nil, visible: ["b"]) == .account(second))
        #expect(choice([first, second], "one", visible: ["b"]) == .hidden(first))
        #expect(choice([first], nil, visible: []) == .hidden(first))
        #expect(choice([first, second], "three", visible: []) == .unmapped)
    }

    @Test("a hidden account counts: the user name still has to match")
    func hiddenCounts() throws {
        let (first, second) = (try account("a", "one"), try account("b", "two"))
        #expect(choice([first, second], "one", visible: ["b"]) == .hidden(first))
    }

    @Test("accounts in conflict are not chosen")
    func conflict() throws {
        let match = URLMatch(
            prefix: "https://h.example/", accounts: [try account("a", nil)], conflict: .init(detail: "x", hint: "y"))
        #expect(match.choice(username: nil) { _ in true } == .unmapped)
    }
}
