import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent status --prometheus`: a file for node_exporter's textfile collector.
@Suite(.timeLimit(.minutes(5)))
struct MetricsFileTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func page(_ path: String) throws -> MetricsPage {
        MetricsPage(try String(contentsOfFile: path, encoding: .utf8))
    }

    @Test("the file has each account's state and times, passes promtool, and contains no secret")
    func content() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        try await demo.tokenExpires()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        let directory = try demo.home.files.directory("textfile")
        let path = directory + "/authagent.prom"
        let result = try await demo.home.authagent("status", "--prometheus", path)
        #expect(result.status == 0 && result.output.isEmpty && result.errors.isEmpty, "\(result)")
        #expect(try mode(path) == 0o644)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["authagent.prom"])
        let page = try page(path)
        #expect(try await page.complaints() == "")
        let socket = #"socket="\#(demo.home.socket)""#
        let account = #"{\#(socket),account="work""#
        #expect(page[#"authagent_up{\#(socket)}"#] == 1)
        #expect(page["authagent_account_ok\(account)}"] == 1)
        #expect(page["authagent_account_unsaved\(account)}"] == 0)
        #expect(page["authagent_account_state\(account),state=\"ok\"}"] == 1)
        #expect(page.series("authagent_store_state").count == 0)
        let now = Date().timeIntervalSince1970
        let expiry = try #require(page["authagent_token_expiry_timestamp_seconds\(account)}"])
        #expect((now...now + 3601).contains(expiry))
        let refresh = try #require(page["authagent_last_refresh_timestamp_seconds\(account)}"])
        #expect((now - 60...now + 1).contains(refresh))
        let written = try #require(page["authagent_textfile_timestamp_seconds{\(socket)}"])
        #expect((now - 60...now + 1).contains(written))
        #expect(page.series("authagent_build_info").count == 1)
        for secret in demo.issuer.refreshTokens { #expect(!page.text.contains(secret)) }
        let token = try await demo.home.authagent("token", "work").lines[0]
        #expect(!page.text.contains(token))
        // The manual has every family, and no other.
        let families = page.families.union([
            "authagent_login_expiry_timestamp_seconds", "authagent_next_refresh_timestamp_seconds", "authagent_sinks",
            "authagent_store_state",
        ])
        #expect(families == Set(try ManualPage("authagent.1").entries.filter { $0.hasPrefix("authagent_") }))

        let shown = try await demo.home.authagent("status", "work", "--prometheus", "-")
        #expect(MetricsPage(shown.output)["authagent_account_ok\(account)}"] == 1)
    }

    @Test("without an agent the file says so, none is started, and the command fails")
    func down() async throws {
        let home = try AgentHome()
        let path = home.files.path + "/authagent.prom"
        try home.files.file("authagent.prom", "old")
        let result = try await home.authagent("status", "--prometheus", path)
        #expect(result.status == 4)
        #expect(home.daemonPID == nil)
        let page = try page(path)
        #expect(page.families == ["authagent_up", "authagent_textfile_timestamp_seconds"])
        #expect(page[#"authagent_up{socket="\#(home.socket)"}"#] == 0)
        #expect(try await page.complaints() == "")
        // What cannot be written is told before the agent is asked.
        let both = try await home.authagent("status", "--prometheus", home.files.path + "/no/a.prom")
        #expect(both.status == 1 && both.errors.contains("there is no directory"), "\(both.errors)")
        let shown = try await home.authagent("status", "--prometheus", "-")
        #expect(shown.status == 4 && MetricsPage(shown.output).families == page.families)
    }

    @Test("an agent that does not answer counts as one that is gone")
    func hung() async throws {
        let home = try AgentHome()
        try await home.authagent("start")
        let pid = try #require(home.daemonPID)
        kill(pid, SIGSTOP)
        defer { kill(pid, SIGCONT) }
        let path = home.files.path + "/authagent.prom"
        let result = try await home.authagent("status", "--prometheus", path)
        #expect(result.status == 4, "\(result.errors)")
        #expect(try page(path)[#"authagent_up{socket="\#(home.socket)"}"#] == 0)
    }

    @Test("a file that the collector would not read, a link or a FIFO is refused before the agent is asked")
    func refused() async throws {
        let home = try AgentHome()
        for arguments in [["a.txt"], ["a.prom.new"], [""], ["a.prom", "--json"]] {
            let result = try await home.authagent(["status", "--prometheus"] + arguments)
            #expect(result.status == 2, "\(arguments): \(result.errors)")
        }
        let target = try home.files.file("target", "kept")
        let link = home.files.path + "/link.prom"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        let result = try await home.authagent("status", "--prometheus", link)
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("authagent: error: cannot write \(link): it is a symbolic link\n"))
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "kept")
        let fifo = home.files.path + "/fifo.prom"
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(try await home.authagent("status", "--prometheus", fifo).status == 1)
        #expect(home.daemonPID == nil)
    }

    @Test("node_exporter reads the files of two agents in one directory, and its own scrape is not broken by them")
    func collector() async throws {
        let exporter = try MissingProgram.require("prometheus-node-exporter", package: "prometheus-node-exporter")
        let directory = try TemporaryDirectory()
        var homes: [AgentHome] = []
        for number in 1...2 {
            let home = try AgentHome()
            if number == 1 { try await home.authagent("start") }
            _ = try await home.authagent("status", "--prometheus", directory.path + "/authagent-\(number).prom")
            homes.append(home)
        }
        let port = try LoopbackListener { close($0) }.port
        let server = try ChildProcess(
            exporter,
            [
                "--collector.disable-defaults", "--collector.textfile",
                "--collector.textfile.directory=\(directory.path)", "--web.listen-address=127.0.0.1:\(port)",
            ], environment: ChildProcess.programEnvironment)
        let curl = try MissingProgram.require("curl", package: "curl")
        let url = "http://127.0.0.1:\(port)/metrics"
        try await eventually("\(server.errorsSoFar)") {
            try await ChildProcess.run(curl, ["-sS", "-f", url]).status == 0 || !server.isRunning
        }
        let page = MetricsPage(try await ChildProcess.run(curl, ["-sS", url]).output)
        #expect(page["node_textfile_scrape_error"] == 0)
        #expect(page[#"authagent_up{socket="\#(homes[0].socket)"}"#] == 1)
        #expect(page[#"authagent_up{socket="\#(homes[1].socket)"}"#] == 0)
        #expect(page.series("node_textfile_mtime_seconds").count == 2)
        server.signal(SIGTERM)
    }
}
