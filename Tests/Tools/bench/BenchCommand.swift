import ArgumentParser
import Foundation

/// Measures the rows of the table of speed targets, and reports which are met.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures the agent against its targets, its peer and the limit, in one run.",
        discussion: "Every comparison is of subjects measured in turns. Status 1 when something cannot be measured."
    )

    @Option(help: "The directory of the release programs.")
    var bin: String

    @Option(help: ArgumentHelp("Write everything as JSON as well.", valueName: "file"))
    var json: String?

    @Flag(help: "Print the table as the README has it, after everything else.")
    var markdown = false

    @Flag(help: "A few seconds, to see that everything works; the figures mean little.")
    var quick = false

    @Option(help: "Only this row; may be repeated.")
    var row: [RowName] = []

    enum RowName: String, CaseIterable, ExpressibleByArgument {
        case new, kept, process, helper, slow, burst, connections, many, idle, login
    }

    private struct Report: Encodable {
        var machine: Machine
        var isQuick: Bool
        var rows: [Row]

        enum CodingKeys: String, CodingKey { case machine, quick, rows }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(machine, forKey: .machine)
            try container.encode(isQuick, forKey: .quick)
            try container.encode(rows, forKey: .rows)
        }
    }

    func run() async throws {
        let bench = Bench(bin: bin, isQuick: quick)
        let machine = Machine()
        Self.say(machine.text)
        var rows: [Row] = []
        func add(_ new: [Row]) {
            for row in new { Self.say(row.text) }
            rows += new
        }
        add(try await bench.cachedRows { name in wants(RowName(rawValue: name)) })
        if wants(.helper) { add([try await bench.helpers()]) }
        if wants(.slow) { add([try await bench.slowProvider()]) }
        if wants(.burst) { add([try await bench.burstAtExpiry()]) }
        if wants(.connections) { add([try await bench.connections()]) }
        if wants(.many) { add([try await bench.manyAccounts()]) }
        if wants(.idle) { add([try await bench.idle()]) }
        if wants(.login) { add([try await bench.login()]) }
        Self.say("\(rows.count(where: \.isMet)) of \(rows.count) targets met")
        if markdown {
            Self.say("\n| what | measured | target | |\n| --- | --- | --- | --- |")
            for row in rows { Self.say(row.markdown) }
        }
        guard let json else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let report = Report(machine: machine, isQuick: quick, rows: rows)
        try encoder.encode(report).write(to: URL(fileURLWithPath: json))
    }

    /// Not print, which buffers lines in a pipe until the end.
    private static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    private func wants(_ name: RowName?) -> Bool { row.isEmpty || name.map(row.contains) ?? false }
}
