internal import AgentAPI

/// The problems of configuration files as text, each with its place as compilers write it.
struct ConfigurationText {
    private let report: ConfigurationReport

    init(_ report: ConfigurationReport) { self.report = report }

    var text: String {
        let lines = report.files.flatMap { file in file.problems.flatMap { Self.lines($0, in: file.path) } }
        let omitted = report.omitted.map { ["\($0) more that are not shown"] } ?? []
        return (lines + omitted + [summary]).joined(separator: "\n")
    }

    /// The number of errors in words.
    var errors: String { Self.count(report.errors, "error") }

    private var summary: String {
        let checked = "checked \(Self.count(report.files.count, "file"))"
        return "\(checked): \(errors), \(Self.count(report.warnings, "warning"))"
    }

    static func lines(_ problem: ConfigurationReport.Problem, in path: String) -> [String] {
        let place = ([path] + [problem.line, problem.column].compactMap { $0.map { "\($0)" } }).joined(separator: ":")
        return [
            Console.clean("\(place): \(problem.severity.rawValue): \(problem.problem)"),
            "  " + Console.clean(problem.hint),
        ]
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        number == 0 ? "no \(noun)s" : "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
