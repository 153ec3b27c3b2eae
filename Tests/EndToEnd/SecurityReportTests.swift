import AgentAPI
import Foundation
import TestSupport
import Testing

/// `authagent status --security` and `strict`, with the real agent.
@Suite(.timeLimit(.minutes(5)))
struct SecurityReportTests {
    private func report(_ home: AgentHome) async throws -> SecurityReport {
        let result = try await home.authagent("status", "--security", "--json")
        try #require(result.status == 0, "\(result.errors)")
        return try APIJSON.decode(SecurityReport.self, from: result.output.utf8)
    }

    @Test("the report is what the kernel says of the agent's process")
    func facts() async throws {
        let home = try AgentHome()
        let checks = try await report(home).checks
        let pid = try #require(home.daemonPID)
        let tasks = "/proc/\(pid)/task/"
        let statuses = try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap {
            try? String(contentsOfFile: tasks + $0 + "/status", encoding: .utf8)
        }
        func grade(_ id: SecurityCheck.ID) -> SecurityCheck.Grade? { checks.first { $0.id == id }?.grade }
        #expect(grade(.dumpable) == .strong && grade(.core) == .strong)
        #expect((grade(.privileges) == .strong) == statuses.allSatisfy { $0.contains("NoNewPrivs:\t1") })
        #expect((grade(.seccomp) == .strong) == statuses.allSatisfy { $0.contains("Seccomp:\t2") })
        #expect((grade(.capabilities) == .strong) == statuses.allSatisfy { $0.contains("CapPrm:\t0000000000000000") })
        #expect((grade(.user) == .strong) == (geteuid() != 0))
        let text = try await home.authagent("status", "--security")
        #expect(text.status == 0 && text.errors.isEmpty)
        for check in checks { #expect(text.output.contains("\(check.id.rawValue)")) }
        #expect(text.output.contains("\noverall: "))
    }

    @Test("with strict the agent starts if all of it is enforced, and otherwise names each missing thing")
    func strict() async throws {
        let home = try AgentHome()
        let found = try await report(home)
        #expect(try await home.authagent("stop").status == 0)
        try home.files.directory("config/authagent")
        try home.files.file("config/authagent/authagent.toml", "strict = true\n")
        let start = try await home.authagent("start")
        if found.strict {
            #expect(start.status == 0, "\(start.errors)")
        } else {
            #expect(start.status == 4)
            for check in found.checks.filter(\.isMissing) {
                #expect(start.errors.contains("\(check.id.rawValue): \(check.detail)"), "\(start.errors)")
                #expect(start.errors.contains("authagent: hint: \(check.id.rawValue): "), "\(start.errors)")
            }
        }
    }

    @Test("the option --strict and a machine's file demand it, too; a user's file cannot take that back")
    func demands() async throws {
        let home = try AgentHome()
        let isStrict = try await report(home).strict
        #expect(try await home.authagent("stop").status == 0)
        try home.files.directory("config/authagent")
        try home.files.file("config/authagent/authagent.toml", "strict = false\n")
        let system = try #require(home.environment["AUTHAGENT_SYSTEM_CONFIG"])
        try FileManager.default.createDirectory(atPath: system, withIntermediateDirectories: true)
        try "strict = true\n".write(toFile: system + "/authagent.toml", atomically: true, encoding: .utf8)
        #expect(try await home.authagent("start").status == (isStrict ? 0 : 4))
        try FileManager.default.removeItem(atPath: system + "/authagent.toml")
        guard !isStrict else { return }
        let daemon = try await ChildProcess.run(
            try BuildProducts.path("authagentd"), ["--strict"], environment: home.environment)
        #expect(daemon.status == 1 && daemon.errors.contains("authagentd: error: strict is set"), "\(daemon.errors)")
    }

    @Test("status --security takes no account")
    func account() async throws {
        let home = try AgentHome()
        #expect(try await home.authagent("status", "work", "--security").status == 2)
    }
}
