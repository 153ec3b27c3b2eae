import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// CIBA through the real programs: a login, and the renewal that the agent itself starts.
@Suite(.timeLimit(.minutes(3)))
struct CIBATests {
    /// A home whose account `work` logs in by CIBA at a demo issuer.
    private struct Phone {
        let issuer: DemoIssuer
        let home: AgentHome

        init(_ lines: String = "", store: String = "memory") async throws {
            var configuration = DemoIssuer.Configuration()
            configuration.ciba = DemoIssuer.CIBARules()
            configuration.accessTokenLifetime = 3
            issuer = try await DemoIssuer.start(configuration)
            home = try AgentHome()
            let secret = try home.files.file("secret", "s3cret\n")
            for directory in ["config/authagent", "config/authagent/accounts"] { try home.files.directory(directory) }
            try home.files.file(
                "config/authagent/accounts/work.toml",
                """
                issuer = "\(issuer.issuer)"
                client_id = "server"
                client_secret_file = "\(secret)"
                scopes = ["openid"]
                store = "\(store)"
                grant = "ciba"
                login_hint = "ann@example.com"
                \(lines)
                """, mode: 0o600)
        }

        func logIn() async throws {
            let login = try home.client(["login", "work", "--json"])
            let prompt = try #require(await home.prompt(of: login), "\(login.errorsSoFar)\(home.log)")
            #expect(issuer.approvePush(prompt.bindingMessage ?? ""))
            let result = await login.result()
            try #require(result.status == 0, "\(result.output)\(result.errors)\(home.log)")
        }

        /// Has the issuer end the login, and a request notice it.
        func lose() async throws {
            issuer.enqueue(.token, .reply(status: 400, body: #"{"error":"invalid_grant"}"#))
            try await eventually("the login does not end") { try await home.authagent("token", "work").status == 3 }
        }

        func status() async throws -> AccountStatus {
            let status = try await home.authagent("status", "work", "--json")
            return try #require(try APIJSON.decode(StatusReport.self, from: status.output.utf8).accounts.first)
        }
    }

    @Test("a login shows two words that the phone shows, too, and serves tokens after the approval")
    func login() async throws {
        let phone = try await Phone()
        let login = try phone.home.client(["login", "work", "--json"])
        let prompt = try #require(await phone.home.prompt(of: login), "\(login.errorsSoFar)\(phone.home.log)")
        let push = try #require(phone.issuer.pushes.first)
        #expect(prompt.grant == .ciba)
        #expect(prompt.bindingMessage == push.bindingMessage)
        #expect(push.hint == "ann@example.com" && push.client == "server")
        phone.issuer.approvePush(push.bindingMessage)
        #expect(await login.result().status == 0)
        #expect(try await phone.home.authagent("token", "work").status == 0)
        #expect(try await phone.status().subject == "ann")
    }

    @Test("a declined login fails with access_denied and exit code 1, and keeps nothing")
    func denied() async throws {
        let phone = try await Phone()
        let login = try phone.home.client(["login", "work", "--json"])
        let prompt = try #require(await phone.home.prompt(of: login), "\(login.errorsSoFar)\(phone.home.log)")
        phone.issuer.denyPush(prompt.bindingMessage ?? "")
        let result = await login.result()
        #expect(result.status == 1)
        #expect(result.output.contains("access_denied"))
        #expect(try await phone.home.authagent("token", "work").status == 3)
    }

    @Test("once the login has ended the agent asks once, requests fail at once until the approval, then go on")
    func renewal() async throws {
        let phone = try await Phone("renew = \"ciba\"")
        try await phone.logIn()
        try await phone.lose()
        await eventually("nothing is asked") { phone.issuer.pushes.contains { $0.isPending } }
        let push = try #require(phone.issuer.pushes.first { $0.isPending })
        for _ in 0..<20 {
            let token = try await phone.home.authagent("token", "work", "--json")
            #expect(token.status == 3)
        }
        let problem = try await phone.home.authagent("token", "work")
        #expect(problem.errors.contains("approve it on the phone"), "\(problem.errors)")
        let status = try await phone.home.authagent("status", "work")
        #expect(status.output.contains(push.bindingMessage), "\(status.output)")
        #expect(phone.issuer.log.count { $0.endpoint == .backchannel } == 2)
        phone.issuer.approvePush(push.bindingMessage)
        try await eventually("the login is not renewed") { try await phone.home.authagent("token", "work").status == 0 }
        #expect(try await phone.status().renewal?.state == .ready)
    }

    @Test("an agent that is killed and started again does not ask again within the hour; the note is private")
    func restart() async throws {
        let phone = try await Phone("renew = \"ciba\"", store: "sealed")
        let key = try phone.home.files.file("key", String(repeating: "k", count: 32))
        #expect(try await phone.home.authagent("store", "init", "--key-file", key).status == 0)
        try await phone.logIn()
        try await phone.lose()
        await eventually("nothing is asked") { phone.issuer.log.count { $0.endpoint == .backchannel } == 2 }
        await phone.home.killDaemon()
        let note = phone.home.files.path + "/state/authagent/renewals.json"
        let attributes = try FileManager.default.attributesOfItem(atPath: note)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        for _ in 0..<3 {
            try await eventually("the agent does not wait") { try await phone.status().renewal?.state == .waiting }
            #expect(try await phone.status().state == .loginRequired)
            await phone.home.killDaemon()
        }
        #expect(phone.issuer.log.count { $0.endpoint == .backchannel } == 2)
    }
}
