internal import CLinux
internal import Glibc

/// What the kernel enforces for this process: prctl(2), getrlimit(2), and proc(5) for each of its threads.
public struct ProcessRestrictions: Equatable, Sendable {
    /// Whether another process of the same user may read the memory (PR_SET_DUMPABLE).
    public var isDumpable = true
    /// In bytes; `nil` without a limit.
    public var coreLimit: UInt64? = nil
    /// Whether every thread has no_new_privs.
    public var hasNoNewPrivileges = false
    /// Whether every thread has a seccomp filter.
    public var hasSeccompFilter = false
    /// The capabilities of any of the threads (capabilities(7)).
    public var capabilities: UInt64 = 0
    /// Those that a program with set-user-ID could get.
    public var boundingCapabilities: UInt64 = 0
    public var user: UInt32 = 0
    /// Of locked memory, in bytes; `nil` without a limit.
    public var lockedMemoryLimit: UInt64? = nil
    /// Whether the directories of the system are read-only here, as with `ProtectSystem=strict` of systemd.exec(5).
    public var isSystemReadOnly = false

    public init() {}

    /// Reads them now. What cannot be read counts as missing.
    public static func current() -> ProcessRestrictions {
        var found = ProcessRestrictions()
        found.isDumpable = clinux_is_dumpable() != 0
        found.coreLimit = limit(clinux_core_limit())
        found.lockedMemoryLimit = limit(clinux_locked_memory_limit())
        found.user = geteuid()
        found.isSystemReadOnly = systemDirectories.allSatisfy { clinux_is_read_only($0) == 1 }
        // Both are of a thread: one that was started before them would not have them.
        let threads = Threads.statuses()
        found.hasNoNewPrivileges = !threads.isEmpty && threads.allSatisfy { $0["NoNewPrivs"] == "1" }
        // 2: a filter (PR_GET_SECCOMP).
        found.hasSeccompFilter = !threads.isEmpty && threads.allSatisfy { $0["Seccomp"] == "2" }
        for thread in threads {
            found.capabilities |= mask(thread["CapPrm"]) | mask(thread["CapEff"]) | mask(thread["CapAmb"])
            found.boundingCapabilities |= mask(thread["CapBnd"])
        }
        return found
    }

    private static let systemDirectories: [String] = ["/", "/etc", "/usr", "/var"]

    private static func limit(_ value: UInt64) -> UInt64? { value == UInt64.max ? nil : value }

    private static func mask(_ text: Substring?) -> UInt64 { text.flatMap { UInt64($0, radix: 16) } ?? .max }

    /// The files `status` of the threads.
    private enum Threads {
        /// A thread may end while the list is read.
        static func statuses() -> [[Substring: Substring]] {
            guard let directory = opendir("/proc/self/task") else { return [] }
            defer { closedir(directory) }
            var statuses: [[Substring: Substring]] = []
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name.first != ".", let fields = fields("/proc/self/task/\(name)/status") else { continue }
                statuses.append(fields)
            }
            return statuses
        }

        private static func fields(_ path: String) -> [Substring: Substring]? {
            let raw = open(path, O_RDONLY | O_CLOEXEC)
            guard raw >= 0 else { return nil }
            let file = Descriptor(owning: raw)
            var bytes: [UInt8] = []
            // About 1.5 KiB; the limit is for a kernel with longer lines of groups and processors.
            guard SystemCall.readAll(file.raw, into: &bytes, limit: 64 * 1024) == nil, !bytes.isEmpty else {
                return nil
            }
            let text = String(decoding: bytes, as: UTF8.self)
            return text.split(separator: "\n").reduce(into: [:]) { fields, line in
                guard let colon = line.firstIndex(of: ":") else { return }
                fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
            }
        }
    }
}
