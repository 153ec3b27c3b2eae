import AgentAPI
import AuthagentTestSupport
import DemoIssuer
import Foundation
import Testing

/// After `lock` and after `logout` no page of the agent's memory has a token in it. Only root may read it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ForgottenSecretTests {
    init() throws { try #require(getuid() == 0, "these tests read the memory of an agent, which only root can") }

    @Test("after lock there is no token, secret or passphrase in any page of the agent", arguments: Store.all)
    func lock(store: Store) async throws {
        let life = try await Life(store)
        let search = try await life.live()
        let pid = try #require(life.home.daemonPID)
        let before = try await search.count(in: pid)
        // It can be found: else that it is not there would mean nothing.
        #expect(before.counts.values.map(\.locked).reduce(0, +) > 0)
        #expect(try await life.home.authagent("lock").status == 0)
        try await life.expectNothing(search, allowsLocked: store.name == "memory" ? ["refresh", "client"] : [])
    }

    @Test("after logout there is no token or secret in any page of the agent", arguments: Store.all)
    func logout(store: Store) async throws {
        let life = try await Life(store)
        let search = try await life.live()
        let pid = try #require(life.home.daemonPID)
        #expect(try await search.count(in: pid).counts.values.map(\.locked).reduce(0, +) > 0)
        let logout = try await life.home.authagent("logout", "work", "--json")
        #expect(logout.status == 0, "\(logout.output)\(logout.errors)")
        try await life.expectNothing(search, allowsLocked: [])
    }

    @Test("a registered client's secret and registration token are forgotten with its login")
    func registration() async throws {
        let life = try await Life(Store(name: "memory", isTLS: false), registers: true)
        var search = try await life.live()
        for client in life.issuer.registeredClients.values {
            search.add("registration", client.managementToken)
            search.add("registration", client.secret.map { [$0] } ?? [])
        }
        let pid = try #require(life.home.daemonPID)
        #expect(try #require(try await search.count(in: pid).counts["registration"]).locked > 0)
        #expect(try await life.home.authagent("logout", "work", "--forget-client").status == 0)
        try await life.expectNothing(search, allowsLocked: [])
    }

    struct Store: Sendable, CustomTestStringConvertible {
        let name: String
        let isTLS: Bool

        static let all = ["memory", "keyring", "sealed"].flatMap { name in
            [false, true].map { Store(name: name, isTLS: $0) }
        }

        var testDescription: String { "\(name), \(isTLS ? "https" : "http")" }
    }
}

/// A login that has been through all that can happen to one.
private final class Life: Sendable {
    let issuer: DemoIssuer
    let home: AgentHome
    private let store: ForgottenSecretTests.Store
    private let front: TLSFront?
    private let authority: ThrowAwayCA?
    private let registers: Bool
    private let clientSecret = "client-" + random(40) + "/+%"
    private let registrationToken = "initial-" + random(40)

    init(_ store: ForgottenSecretTests.Store, registers: Bool = false) async throws {
        self.store = store
        self.registers = registers
        authority = store.isTLS ? try await ThrowAwayCA() : nil
        front = if let authority { try await TLSFront(try await authority.certificate()) } else { nil }
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUse
        configuration.clientSecret = clientSecret
        configuration.publicURL = front?.url
        if registers {
            configuration.registration = DemoIssuer.Registration()
            configuration.registration?.initialToken = registrationToken
            configuration.registration?.authMethod = "client_secret_basic"
        }
        issuer = try await DemoIssuer.start(configuration)
        front?.forward(to: issuer.port)
        let keyring = store.name == "keyring" ? try await PrivateKeyring() : nil
        home = try AgentHome(
            keyring: keyring, changes: authority.map { ["CURL_CA_BUNDLE": $0.file] } ?? [:])
    }

    /// Everything that a token or a secret goes through; what to look for afterwards.
    func live() async throws -> MemorySearch {
        var search = MemorySearch()
        if store.name == "sealed" {
            let passphrase = "sealed-" + random(40)
            search.add("passphrase", passphrase)
            let result = try await home.authagent(["store", "init", "--passphrase"], input: passphrase)
            try #require(result.status == 0, "\(result.output)\(result.errors)")
            _ = try await home.authagent("lock")
            try #require(try await home.authagent("unlock", input: passphrase).status == 0)
        }
        let secretFile = try home.files.file("secret", clientSecret)
        let tokenFile = try home.files.file("registration-token", registrationToken)
        let client =
            registers
            ? ["--registration-token-file", tokenFile]
            : ["--client-id", "server", "--client-secret-file", secretFile]
        let options =
            ["--issuer", issuer.issuer, "--store", store.name] + client
            + ["openid", "read", "write"].flatMap { ["--scope", $0] }
        let login = try await home.login("work", options) { self.issuer.approve($0) }
        try #require(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        var access: [String] = []
        for arguments in [
            [], ["--min-valid", "7200"], ["--min-valid", "7200", "--json"], ["--scope", "read"], ["--header"],
            ["--min-valid", "7200", "--scope", "read"], ["--id-token"], ["--min-valid", "7200"],
        ] {
            let token = try await home.authagent(["token", "work"] + arguments)
            try #require(token.status == 0, "\(arguments) \(token.errors)\(home.log)")
            if arguments == ["--id-token"] {
                // The head of all such tokens is the same, and public.
                search.add("id", token.output.split(whereSeparator: { ".\n".contains($0) }).dropFirst().map(String.init))
            } else if arguments.last == "--json" {
                access.append(try APIJSON.decode(TokenReply.self, from: token.output.utf8).accessToken)
            } else if let line = token.lines.first {
                access.append(String(line.split(separator: " ").last ?? ""))
            }
        }
        _ = try await home.authagent("inspect", "work")
        _ = try await home.authagent("inspect", "-", input: access[0])
        if store.name != "sealed" {
            let passphrase = "lock-" + random(40)
            search.add("passphrase", passphrase)
            try #require(try await home.authagent("lock", "--passphrase", input: passphrase).status == 0)
            _ = try await home.authagent("unlock", input: "wrong-" + random(20))
            try #require(try await home.authagent("unlock", input: passphrase).status == 0)
            let token = try await home.authagent("token", "work")
            access.append(try #require(token.lines.first, "\(token.errors)"))
        }
        let spent = try #require(issuer.liveRefreshTokens.first)
        issuer.enqueue(.token, .reply(status: 400, body: #"{"error":"slow_down","error_description":"no: \#(spent)"}"#))
        _ = try await home.authagent("token", "work", "--min-valid", "7200")
        search.add("access", access)
        search.add("refresh", issuer.refreshTokens)
        search.add("client", registers ? registrationToken : clientSecret)
        try #require(search.secrets["refresh"]?.count ?? 0 > 2 && search.secrets["access"]?.count ?? 0 > 2)
        return search
    }

    /// Within a moment: what is under way may end first.
    func expectNothing(_ search: MemorySearch, allowsLocked: Set<String>) async throws {
        let pid = try #require(home.daemonPID)
        var left: [String: MemorySearch.Count] = [:]
        var places = ""
        for _ in 0..<20 {
            let found = try await search.count(in: pid)
            left = found.counts.filter { kind, count in
                count.plain > 0 || (count.locked > 0 && !allowsLocked.contains(kind))
            }
            places = found.places
            if left.isEmpty { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(left.isEmpty, "\(left)\n\(places)")
    }
}

private func random(_ count: Int) -> String {
    let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return String((0..<count).compactMap { _ in letters.randomElement() })
}
