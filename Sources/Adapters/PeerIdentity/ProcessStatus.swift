internal import Glibc

/// The attributes of a process that proc(5) shows to every user.
struct ProcessStatus: Equatable {
    /// Clock ticks since boot; together with the process ID it is unique.
    var startTime: UInt64
    /// Whether the process has ended and its parent has not reaped it.
    var isZombie: Bool
    /// Addresses of code, stack and data since the last execve(2); zeros and ones for readers who may not trace it.
    var layout: [UInt64]

    /// `nil` if the process does not exist.
    init?(of pid: Int32) {
        guard pid > 0, let bytes = ProcessFile.read("/proc/\(pid)/stat", limit: 4096) else { return nil }
        self.init(stat: String(decoding: bytes, as: UTF8.self))
    }

    init?(stat: String) {
        // The command name is the second field, in parentheses, and may contain any character.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard fields.count >= 20, let startTime = UInt64(fields[19]) else { return nil }
        self.startTime = startTime
        isZombie = fields[0] == "Z" || fields[0] == "X"
        // Fields 26 to 28 and 45 to 47 of proc_pid_stat(5). Counting starts at the third field, after the name.
        layout = ([23, 24, 25, 42, 43, 44] as [Int]).map { fields.indices.contains($0) ? UInt64(fields[$0]) ?? 0 : 0 }
    }
}

/// The owner of a process, from /proc/PID/status.
struct ProcessOwner: Equatable {
    var user: UInt32
    var group: UInt32
    var supplementaryGroups: [UInt32]

    /// `nil` if the process does not exist.
    init?(of pid: Int32) {
        // Up to 65,536 groups of ten digits each (NGROUPS_MAX).
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
        // Real, effective, saved and file-system ID: SO_PEERCRED reports the effective one.
        guard let user = values["Uid"]?.dropFirst().first.flatMap({ UInt32($0) }),
            let group = values["Gid"]?.dropFirst().first.flatMap({ UInt32($0) }), let groups = values["Groups"]
        else { return nil }
        self.user = user
        self.group = group
        supplementaryGroups = groups.compactMap { UInt32($0) }
    }
}
