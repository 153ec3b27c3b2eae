import Foundation

/// A process's use of resources, from proc(5).
struct ProcessUse: Sendable {
    /// Private memory, in KiB: RssAnon.
    var memory: Int
    /// Voluntary context switches per thread, which equal its wake-ups.
    var wakeUps: [Int: Int]
    /// Clock ticks of CPU time.
    var ticks: Int

    init(of pid: Int32) throws {
        memory = try Self.number("RssAnon:", in: "/proc/\(pid)/status")
        wakeUps = [:]
        for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") {
            // A thread may end meanwhile.
            let count = try? Self.number("voluntary_ctxt_switches:", in: "/proc/\(pid)/task/\(thread)/status")
            if let id = Int(thread), let count { wakeUps[id] = count }
        }
        // The name may contain spaces; user and system time are the 12th and 13th field after it.
        let fields =
            try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            .split(separator: ")").last?.split(separator: " ") ?? []
        ticks = fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    }

    /// Wake-ups since an earlier sample.
    func wakeUps(since earlier: ProcessUse) -> Int {
        wakeUps.reduce(0) { $0 + $1.value - (earlier.wakeUps[$1.key] ?? 0) }
    }

    private static func number(_ name: String, in path: String) throws -> Int {
        let line = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").first { $0.hasPrefix(name) }
        guard let number = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else {
            throw BenchFailure("there is no \(name) in \(path)")
        }
        return number
    }
}
