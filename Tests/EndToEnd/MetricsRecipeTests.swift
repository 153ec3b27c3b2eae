import Foundation
import TestSupport
import Testing

/// authagent-programs(7), "Prometheus, the agent's own metrics": its files, with the real nginx and Prometheus.
@Suite(.timeLimit(.minutes(5)))
struct MetricsRecipeTests {
    /// The literal blocks of the recipe: nginx' server, the rule, and the job.
    private static func blocks() throws -> [String] {
        let page = try String(contentsOfFile: Repository.path("man/authagent-programs.7"), encoding: .utf8)
        let section = try #require(page.components(separatedBy: ".Ss Prometheus, the agent's own metrics\n").last)
        let text = try #require(section.components(separatedBy: "\n.Ss ").first)
        return text.components(separatedBy: ".Bd -literal -offset indent\n").dropFirst()
            .compactMap { $0.components(separatedBy: "\n.Ed").first }
    }

    /// A port that is free now.
    private static func freePort() throws -> UInt16 { try LoopbackListener { close($0) }.port }

    private func get(_ url: String, _ options: String...) async throws -> (status: String, body: String) {
        let curl = try MissingProgram.require("curl", package: "curl")
        let result = try await ChildProcess.run(curl, ["-sS", "-w", "\n%{http_code}"] + options + [url])
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.last.map(String.init) ?? "", lines.dropLast().joined(separator: "\n"))
    }

    @Test("nginx passes on the metrics and nothing else, its user may do nothing else, and Prometheus scrapes them")
    func recipe() async throws {
        let nginx = try MissingProgram.require("nginx", package: "nginx-light")
        let prometheus = try MissingProgram.require("prometheus", package: "prometheus")
        let blocks = try Self.blocks()
        try #require(blocks.count == 3)
        let agent = try await SystemAgent()
        try agent.configure(blocks[1] + "\n")
        let daemon = try await agent.serve()
        defer { daemon.signal(SIGTERM) }

        let files = try TemporaryDirectory()
        let port = try Self.freePort()
        let server = blocks[0].replacing("9464", with: "\(port)").replacing(
            "/run/authagent/agent.sock", with: agent.socket)
        try files.file(
            "nginx.conf",
            """
            daemon off;
            user www-data \(agent.group.name);
            pid \(files.path)/pid;
            error_log stderr;
            events {}
            http {
            access_log off;
            \(server)
            }
            """)
        let proxy = try ChildProcess(
            nginx, ["-p", files.path, "-c", files.path + "/nginx.conf"], environment: ChildProcess.programEnvironment)
        defer { proxy.signal(SIGQUIT) }
        let origin = "http://127.0.0.1:\(port)"
        try await eventually("nginx does not serve: \(proxy.errorsSoFar)") {
            try await self.get(origin + "/metrics").status == "200" || !proxy.isRunning
        }
        #expect(try await get(origin + "/metrics").body.contains("authagent_build_info{"))
        for path in ["/v1/accounts", "/v1/accounts/work/token", "/metrics/../v1/accounts", "/%6detrics/x", "/"] {
            #expect(try await get(origin + path, "--path-as-is").status == "404", "\(path)")
        }
        #expect(try await get(origin + "/metrics", "-d", "x").status == "403")
        let client = try await agent.client(33, "token", "work")
        #expect(client.status == 5, "\(client.errors)")

        let own = try Self.freePort()
        try files.file(
            "prometheus.yml",
            "global:\n  scrape_interval: 1s\nscrape_configs:\n"
                + blocks[2].replacing("9464", with: "\(port)") + "\n")
        let scraper = try ChildProcess(
            prometheus,
            [
                "--config.file=\(files.path)/prometheus.yml", "--storage.tsdb.path=\(files.path)/data",
                "--web.listen-address=127.0.0.1:\(own)",
            ], environment: ChildProcess.programEnvironment)
        defer { scraper.signal(SIGKILL) }
        try await eventually("Prometheus has not scraped: \(scraper.errorsSoFar)") {
            let query = "http://127.0.0.1:\(own)/api/v1/query?query=up%7Bjob%3D%22authagent%22%7D"
            return try await self.get(query).body.contains("\"1\"]") || !scraper.isRunning
        }
        #expect(scraper.isRunning, "\(scraper.errorsSoFar)")
    }
}
