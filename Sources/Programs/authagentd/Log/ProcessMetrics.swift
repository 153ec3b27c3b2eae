internal import AgentAPI
internal import Formats
internal import Glibc
internal import Metrics
internal import System

/// The standard process metrics of Prometheus clients, from proc(5), and the version.
struct ProcessMetrics: MetricSource {
    func write(into page: inout MetricsText) {
        page.add(
            "authagent_build_info", .gauge, "The running version, as a label.",
            [.init(1, [("version", agentVersion)])])
        var cpu = timespec()
        if clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0 {
            page.add(
                "process_cpu_seconds_total", .counter, "User and system CPU time spent, in seconds.",
                Double(cpu.tv_sec) + Double(cpu.tv_nsec) / 1e9)
        }
        let pages = Self.words("/proc/self/statm").compactMap(Double.init)
        let pageSize = Double(sysconf(Int32(_SC_PAGESIZE)))
        if pages.count > 1 {
            page.add(
                "process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.", pages[0] * pageSize)
            page.add(
                "process_resident_memory_bytes", .gauge, "Resident memory size in bytes.", pages[1] * pageSize)
        }
        if let count = Self.descriptorCount() {
            page.add("process_open_fds", .gauge, "Number of open file descriptors.", Double(count))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            page.add(
                "process_max_fds", .gauge, "Maximum number of open file descriptors.", Double(limit.rlim_cur))
        }
        if let start = Self.startTime() {
            page.add(
                "process_start_time_seconds", .gauge, "Start time of the process, in seconds since 1970.", start)
        }
    }

    /// Reads field 22 of /proc/PID/stat, in ticks since the boot: the 20th after the program's name, which ends with the last
    /// parenthesis. The boot's time is not read from /proc/stat, which a unit with ProcSubset=pid lacks.
    private static func startTime() -> Double? {
        let after = Self.text("/proc/self/stat").split(separator: ")").last ?? ""
        let words = after.split(separator: " ")
        var (now, uptime) = (timespec(), timespec())
        guard words.count > 19, let ticks = Double(words[19]), clock_gettime(CLOCK_REALTIME, &now) == 0,
            clock_gettime(CLOCK_BOOTTIME, &uptime) == 0
        else { return nil }
        let boot = Self.seconds(now) - Self.seconds(uptime)
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func seconds(_ time: timespec) -> Double { Double(time.tv_sec) + Double(time.tv_nsec) / 1e9 }

    private static func descriptorCount() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Minus ".", ".." and this directory's own descriptor.
        return count - 3
    }

    private static func words(_ path: String) -> [Substring] { text(path).split(whereSeparator: \.isWhitespace) }

    /// Reads a file; empty if it is not readable, as where /proc is not mounted.
    private static func text(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                read(file, $0.baseAddress.map { $0 + length }, $0.count - length)
            }
            guard count > 0 else { break }
            length += count
        }
        return String(decoding: bytes.prefix(length), as: UTF8.self)
    }
}
