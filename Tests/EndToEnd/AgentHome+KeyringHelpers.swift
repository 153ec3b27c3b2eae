import Foundation
import TestSupport
import Testing

extension AgentHome {
    /// The daemon's running keyring helpers, from proc(5).
    var keyringHelpers: [Int32] {
        guard let daemon = daemonPID else { return [] }
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon)/task")) ?? []
        let children = threads.flatMap { thread in
            let list = try? String(contentsOfFile: "/proc/\(daemon)/task/\(thread)/children", encoding: .utf8)
            return (list ?? "").split(separator: " ").compactMap { Int32($0) }
        }
        return children.filter { child in
            let name = try? String(contentsOfFile: "/proc/\(child)/comm", encoding: .utf8)
            return name == "authagent-keyri\n" && processState(child) != "Z"
        }
    }

    /// The state letter in proc(5), `Z` for a zombie; `nil` if there is no such process.
    func processState(_ process: Int32, _ thread: String? = nil) -> String? {
        let path = "/proc/\(process)/" + (thread.map { "task/\($0)/" } ?? "") + "status"
        let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("State:") }?.split(separator: "\t").last?.prefix(1).description
    }

    /// Whether all threads of the process sleep.
    func threadsSleep(_ process: Int32) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return !threads.isEmpty && threads.allSatisfy { processState(process, $0) == "S" }
    }

    /// Voluntary context switches of each thread: how often it has gone to sleep.
    func contextSwitches(_ process: Int32) throws -> [String: Int] {
        let directory = "/proc/\(process)/task"
        let threads = try FileManager.default.contentsOfDirectory(atPath: directory)
        let counts = try threads.map { thread in
            let status = try String(contentsOfFile: "\(directory)/\(thread)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
            return (thread, try #require(line?.split(separator: "\t").last.flatMap { Int($0) }))
        }
        return Dictionary(uniqueKeysWithValues: counts)
    }
}
