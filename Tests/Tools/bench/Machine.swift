import Foundation

/// The machine and the date of the measurement.
struct Machine: Encodable, Sendable {
    let date: String
    let processor: String
    let cores: Int
    let kernel: String
    /// The load average over the last minute, before the first measurement: other load makes every figure worse.
    let load: Double

    init() {
        date = Date().ISO8601Format()
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last.map(String.init)
        processor = model?.trimmingCharacters(in: .whitespaces) ?? "unknown"
        cores = ProcessInfo.processInfo.activeProcessorCount
        let release = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
        kernel = release?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
        let loads = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
        load = loads?.split(separator: " ").first.flatMap { Double($0) } ?? .nan
    }

    var text: String { "\(processor), \(cores) cores, Linux \(kernel), \(date), load \(short(load))" }
}
