internal import Glibc

/// What proc(5) tells everybody about a process.
struct ProcessStatus: Equatable {
    /// In clock ticks since the machine's start: together with its number this is one process and no other.
    var startTime: UInt64
    /// Ended, but not yet waited for by its parent.
    var isZombie: Bool
    /// Addresses of code, stack and data since the last execve(2). Zeros and ones to those who may not trace it.
    var layout: [UInt64]

    /// Nil when there is no such process.
    init?(of pid: Int32) {
        guard pid > 0, let bytes = ProcessFile.read("/proc/\(pid)/stat", limit: 4096) else { return nil }
        self.init(stat: String(decoding: bytes, as: UTF8.self))
    }

    init?(stat: String) {
        // The program's name is the second field, in parentheses, and may have any character in it.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard fields.count >= 20, let startTime = UInt64(fields[19]) else { return nil }
        self.startTime = startTime
        isZombie = fields[0] == "Z" || fields[0] == "X"
        // Fields 26 to 28, and 45 to 47, of proc_pid_stat(5). The field after the name is the third.
        layout = ([23, 24, 25, 42, 43, 44] as [Int]).map { fields.indices.contains($0) ? UInt64(fields[$0]) ?? 0 : 0 }
    }
}

/// Whose a process is, by /proc/PID/status.
struct ProcessOwner: Equatable {
    var user: UInt32
    var group: UInt32
    var supplementaryGroups: [UInt32]

    /// Nil when there is no such process.
    init?(of pid: Int32) {
        // 65,536 groups of up to ten digits (NGROUPS_MAX).
        guard pid > 0, let bytes = ProcessFile.read("/proc/\(pid)/status", limit: 1 << 20) else { return nil }
        self.init(status: String(decoding: bytes, as: UTF8.self))
    }

    init?(status: String) {
        var values: [Substring: [Substring]] = [:]
        for line in status.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, ["Uid", "Gid", "Groups"].contains(parts[0]) else { continue }
            values[parts[0]] = parts[1].split(whereSeparator: { $0 == " " || $0 == "\t" })
        }
        // Real, effective, saved, and for the file system: SO_PEERCRED tells the effective one.
        guard let user = values["Uid"]?.dropFirst().first.flatMap({ UInt32($0) }),
            let group = values["Gid"]?.dropFirst().first.flatMap({ UInt32($0) }), let groups = values["Groups"]
        else { return nil }
        self.user = user
        self.group = group
        supplementaryGroups = groups.compactMap { UInt32($0) }
    }
}
