import AgentAPI
import Foundation
import TestSupport
import Testing

extension AgentHome {
    /// Runs `authagent doctor --json` and expects the exit code that its report requires.
    func doctor(_ location: SourceLocation = #_sourceLocation) async throws -> DoctorReport {
        let result = try await authagent("doctor", "--json")
        let report = try APIJSON.decode(DoctorReport.self, from: result.output.utf8)
        #expect(result.status == (report.state == .problem ? 1 : 0), "\(result.errors)", sourceLocation: location)
        for check in report.checks where check.state != .ok {
            #expect(check.hint != nil, "\(check)", sourceLocation: location)
        }
        return report
    }

    /// Writes an account file, as configuration management does.
    func account(_ name: String, _ lines: String...) throws {
        try files.directory("config/authagent/accounts")
        try files.file(
            "config/authagent/accounts/\(name).toml", lines.map { $0 + "\n" }.joined() + "client_id = \"tv\"\n")
    }
}
