/// A page in Prometheus' text format, as a scraper parses it.
public struct MetricsPage: Sendable {
    public let text: String
    /// By name and labels, as written.
    private let samples: [Substring: Double]

    public init(_ text: String) {
        self.text = text
        let pairs = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            line.lastIndex(of: " ").map { (line[..<$0], Double(line[line.index(after: $0)...]) ?? .nan) }
        }
        samples = Dictionary(pairs) { _, last in last }
    }

    /// The names of the families, as their types are declared.
    public var families: Set<String> {
        let beginning = "# TYPE "
        let types = text.split(separator: "\n").filter { $0.hasPrefix(beginning) }
        return Set(types.map { String($0.dropFirst(beginning.count).prefix { $0 != " " }) })
    }

    /// The value of a series such as `up{job="x"}`; nil when it is not there.
    public subscript(_ series: String) -> Double? { samples[series[...]] }

    /// The series of a metric family.
    public func series(_ family: String) -> [String] {
        samples.keys.filter { $0.prefix { $0 != "{" } == family }.map(String.init).sorted()
    }

    /// The findings of Prometheus' own linter; empty if there are none.
    public func complaints() async throws -> String {
        let promtool = try MissingProgram.require("promtool", package: "prometheus")
        let result = try await ChildProcess(
            promtool, ["check", "metrics"], environment: ChildProcess.programEnvironment, input: text
        ).result()
        return result.output + result.errors + (result.status == 0 ? "" : "status \(result.status)")
    }
}
