import AgentAPI
import AuthagentClient
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// No page of the agent contains a token after `lock` or `logout`. Reading its memory needs root.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ForgottenSecretTests {
    init() throws { try #require(getuid() == 0, "these tests read the memory of an agent, which only root can") }

    @Test("after lock no page of the agent contains a token, secret or passphrase", arguments: Store.all)
    func lock(store: Store) async throws {
        let life = try await Life(store)
        let search = try await life.live()
        let pid = try #require(life.home.daemonPID)
        // Proves the search: before, the secrets are found.
        let before = try await search.count(in: pid).counts
        #expect(["access", "refresh"].allSatisfy { (before[$0]?.locked ?? 0) > 0 }, "\(before)")
        #expect(try await life.home.authagent("lock").status == 0)
        try await life.expectNothing(search, allowsLocked: store.name == "memory" ? ["refresh", "client"] : [])
    }

    @Test("after logout no page of the agent contains a token or secret", arguments: Store.all)
    func logout(store: Store) async throws {
        let life = try await Life(store)
        let search = try await life.live()
        let pid = try #require(life.home.daemonPID)
        let before = try await search.count(in: pid).counts
        #expect(["access", "refresh"].allSatisfy { (before[$0]?.locked ?? 0) > 0 }, "\(before)")
        let logout = try await life.home.authagent("logout", "work", "--json")
        #expect(logout.status == 0, "\(logout.output)\(logout.errors)")
        // A memory store keeps the client's secret for the next login.
        try await life.expectNothing(search, allowsLocked: store.name == "memory" ? ["client"] : [])
    }

    @Test("a registered client's secret and registration token are erased with its login")
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

    @Test("a passphrase and a token received on an open connection are not in its buffers")
    func keptConnection() async throws {
        let home = try AgentHome()
        try #require(try await home.authagent("start").status == 0)
        var search = MemorySearch()
        let (passphrase, token) = (random(40), random(400))
        search.add("passphrase", passphrase)
        search.add("token", token)
        let connection = try AgentSocket(connectedTo: try SocketPath(home.socket)).duplicate()
        defer { close(connection) }
        for (path, body) in [
            ("/v1/lock", #"{"passphrase":"\#(passphrase)"}"#), ("/v1/unlock", #"{"passphrase":"\#(passphrase)"}"#),
            ("/v1/inspect", #"{"token":"\#(token)"}"#), ("/v1/accounts/none/inspect", #"{"token":"\#(token)"}"#),
        ] {
            let request =
                "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
            try #require(send(connection, request, request.utf8.count, Int32(MSG_NOSIGNAL)) == request.utf8.count)
            var chunk = [UInt8](repeating: 0, count: 65_536)
            try #require(recv(connection, &chunk, chunk.count, 0) > 0, "the connection is closed")
        }
        let pid = try #require(home.daemonPID)
        try await eventually("something is left") {
            try await search.count(in: pid).counts.values.allSatisfy { $0 == MemorySearch.Count() }
        }
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

/// A login that has used every kind of token and secret.
private final class Life: Sendable {
    let issuer: DemoIssuer
    let home: AgentHome
    private let store: ForgottenSecretTests.Store
    private let front: TLSFront?
    private let authority: ThrowAwayCA?
    private let registers: Bool
    private let clientSecret = random(40) + "/+%"
    private let registrationToken = random(48)

    init(_ store: ForgottenSecretTests.Store, registers: Bool = false) async throws {
        self.store = store
        self.registers = registers
        authority = store.isTLS ? try await ThrowAwayCA() : nil
        front = if let authority { try await TLSFront(try await authority.certificate()) } else { nil }
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUse
        configuration.accessTokenLifetime = 40
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

    /// Uses every kind of token and secret; returns the search for them.
    func live() async throws -> MemorySearch {
        var search = MemorySearch()
        if store.name == "sealed" {
            let passphrase = random(40)
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
        for arguments in [[], ["--json"], ["--header"], ["--scope", "read"], ["--id-token"]] {
            let token = try await home.authagent(["token", "work"] + arguments)
            try #require(token.status == 0, "\(arguments) \(token.errors)\(home.log)")
            guard arguments == ["--id-token"] else { continue }
            // The header of these tokens is constant and public.
            search.add("id", token.output.split(whereSeparator: { ".\n".contains($0) }).dropFirst().map(String.init))
        }
        for _ in 0..<3 { try await renew() }
        let narrowed = try await home.authagent("token", "work", "--scope", "write", "--min-valid", "38")
        try #require(narrowed.status == 0, "\(narrowed.errors)")
        _ = try await home.authagent("inspect", "work")
        _ = try await home.authagent("inspect", "-", input: try #require(issuer.accessTokens.first))
        if store.name != "sealed" {
            let passphrase = random(40)
            search.add("passphrase", passphrase)
            try #require(try await home.authagent("lock", "--passphrase", input: passphrase).status == 0)
            _ = try await home.authagent("unlock", input: random(20))
            try #require(try await home.authagent("unlock", input: passphrase).status == 0)
            try #require(try await home.authagent("token", "work").status == 0)
        }
        let spent = try #require(issuer.liveRefreshTokens.first)
        issuer.enqueue(.token, .reply(status: 400, body: #"{"error":"slow_down","error_description":"no: \#(spent)"}"#))
        try await eventually("the failing renewal was not requested") {
            _ = try await self.home.authagent("token", "work", "--min-valid", "38")
            return self.issuer.refreshTokens.count >= 4
        }
        search.add("client", registers ? registrationToken : clientSecret)
        return issued(search)
    }

    /// Adds all tokens issued so far.
    private func issued(_ search: MemorySearch) -> MemorySearch {
        var search = search
        search.add("access", issuer.accessTokens)
        search.add("refresh", issuer.refreshTokens)
        return search
    }

    /// Requests a token with the maximum validity until a new one is served.
    private func renew() async throws {
        let count = issuer.refreshTokens.count
        try await eventually("the token is not renewed") {
            _ = try await self.home.authagent("token", "work", "--min-valid", "38")
            return self.issuer.refreshTokens.count > count
        }
    }

    /// Waits, because requests in progress may still hold secrets.
    func expectNothing(_ search: MemorySearch, allowsLocked: Set<String>) async throws {
        let pid = try #require(home.daemonPID)
        var left: [String: MemorySearch.Count] = [:]
        var places = ""
        try await eventually {
            let found = try await issued(search).count(in: pid)
            left = found.counts.filter { kind, count in
                count.plain > 0 || (count.locked > 0 && !allowsLocked.contains(kind))
            }
            places = found.places
            return left.isEmpty
        }
        #expect(left.isEmpty, "\(left)\n\(places)")
    }
}

private func random(_ count: Int) -> String {
    let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return String((0..<count).compactMap { _ in letters.randomElement() })
}
