import Foundation
import TestSupport
import Testing

/// The benchmark runs and reports. Its times depend on the machine, so they are not checked.
struct BenchTests {
    private struct Report: Decodable {
        struct Row: Decodable {
            struct Check: Decodable {
                var what: String
                var value: Double
                var limit: Double
            }

            var name: String
            var checks: [Check]
        }

        var rows: [Row]
    }

    @Test("the benchmark measures every row of the table, against the real peer")
    func everyRow() async throws {
        let bench = try BuildProducts.path("bench")
        let files = try TemporaryDirectory()
        let bin = (bench as NSString).deletingLastPathComponent
        let result = try await ChildProcess.run(
            bench, ["--bin", bin, "--quick", "--json", files.path + "/report.json"])
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        let json = try Data(contentsOf: URL(fileURLWithPath: files.path + "/report.json"))
        let report = try JSONDecoder().decode(Report.self, from: json)
        #expect(report.rows.count == 10)
        for row in report.rows {
            #expect(!row.checks.isEmpty)
            for check in row.checks { #expect(check.value.isFinite && check.value >= 0, "\(row.name): \(check)") }
            #expect(result.output.contains(row.name))
        }
    }
}
