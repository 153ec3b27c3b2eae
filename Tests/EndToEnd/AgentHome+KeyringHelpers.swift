import Foundation
import TestSupport
import Testing

extension AgentHome {
    /// The keyring helpers that the daemon has now, as proc(5) tells.
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

    /// `Z` is for a process that has ended and is not reaped; `nil` is for none.
    func processState(_ process: Int32, _ thread: String? = nil) -> String? {
        let path = "/proc/\(process)/" + (thread.map { "task/\($0)/" } ?? "") + "status"
        let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("State:") }?.split(separator: "\t").last?.prefix(1).description
    }

    /// Whether none of its threads has anything to do now.
    func threadsSleep(_ process: Int32) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return !threads.isEmpty && threads.allSatisfy { processState(process, $0) == "S" }
    }

    /// How often each thread of the process has gone to sleep.
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
