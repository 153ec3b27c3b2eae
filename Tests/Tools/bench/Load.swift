import Foundation
import TestSupport

/// The results of one run of `bench-load`; times in microseconds.
struct Load: Codable, Sendable {
    var count: Int
    var perSecond: Double
    var median: Double
    var p99: Double
    var max: Double
    var replyBytes: Int
    /// Of one process; 0 for requests.
    var pageFaults: Double

    enum CodingKeys: String, CodingKey {
        case count
        case perSecond = "per_second"
        case median = "median_us"
        case p99 = "p99_us"
        case max = "max_us"
        case replyBytes = "reply_bytes"
        case pageFaults = "page_faults"
    }

    /// The median of each figure over several runs.
    static func median(of loads: [Load]) -> Load {
        Load(
            count: loads.map(\.count).reduce(0, +), perSecond: loads.map(\.perSecond).median,
            median: loads.map(\.median).median, p99: loads.map(\.p99).median, max: loads.map(\.max).median,
            replyBytes: loads.first?.replyBytes ?? 0, pageFaults: loads.map(\.pageFaults).median
        )
    }
}

extension [Double] {
    var median: Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

/// Runs `bench-load`, the client of all subjects.
struct LoadClient: Sendable {
    enum Connections: String { case new, kept }
    enum Language: String { case http, json }

    let program: String

    /// One client that repeats its request.
    func loop(
        _ connections: Connections, at socket: String, _ request: String, as language: Language = .http,
        seconds: Double
    ) async throws -> Load {
        try await run(["loop", connections.rawValue, "\(seconds)", language.rawValue, socket], input: request)
    }

    /// Many clients that send a request at the same time.
    func burst(_ count: Int, at socket: String, _ request: String) async throws -> Load {
        try await run(["burst", "\(count)", LoadClient.Language.http.rawValue, socket], input: request)
    }

    /// One process after the other, each with `input` on its standard input.
    func spawn(
        _ count: Int, _ command: [String], environment: [String: String], input: String = ""
    ) async throws -> Load {
        try await run(["spawn", "\(count)"] + command, environment: environment, input: input)
    }

    /// Connections that are idle, or idle after one request, and connections that send byte by byte, until the
    /// process's input ends.
    func hold(idle: Int, haveAsked: Bool = false, slow: Int, at socket: String) async throws -> ChildProcess {
        let holder = try ChildProcess(
            program, ["hold", "\(idle)", haveAsked ? "asked" : "silent", "\(slow)", socket],
            environment: ChildProcess.programEnvironment, input: nil
        )
        guard await holder.line(beginning: "holding") == "holding" else {
            throw BenchFailure("bench-load does not hold its connections: \(await holder.result().errors)")
        }
        return holder
    }

    private func run(
        _ arguments: [String], environment: [String: String] = ChildProcess.programEnvironment, input: String = ""
    ) async throws -> Load {
        let result = try await ChildProcess.run(program, arguments, environment: environment, input: input)
        guard result.status == 0 else {
            throw BenchFailure("bench-load \(arguments.joined(separator: " ")): \(result.errors)")
        }
        return try JSONDecoder().decode(Load.self, from: Data(result.output.utf8))
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
