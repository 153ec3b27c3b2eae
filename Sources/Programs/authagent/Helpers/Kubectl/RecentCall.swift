internal import AuthagentClient
internal import Glibc
internal import System

/// The last call of this helper by the same process for the same token, so that a second one within 5 s counts as a
/// refusal: the protocol has no word for it.
///
/// Other runs of kubectl are other processes, so a script that runs it often reports nothing. Kept in the user's
/// runtime directory, without anything of the token but its expiry; without such a directory no refusal is noticed.
struct RecentCall {
    private let file: Int32
    private let slot: off_t
    private let parent: Int64
    private let parentStart: Int64
    private let request: Int64

    /// In nanoseconds.
    private static let longestAgo: Int64 = 5_000_000_000
    /// Two processes with the same slot only lose each other's record.
    private static let slots: Int64 = 64

    private typealias Record = (parent: Int64, start: Int64, request: Int64, moment: Int64, expiry: Int64)

    /// `request` is what is asked of the agent, `cluster` what the client says of its own. `nil` if nothing can be kept.
    init?(of request: Bytes, for cluster: Bytes?) {
        parent = Int64(getppid())
        guard parent > 1, let file = Self.open() else { return nil }
        self.file = file
        slot = off_t(parent % Self.slots) * off_t(MemoryLayout<Record>.size)
        parentStart = Self.start(of: parent)
        // FNV-1a: tells requests apart, and protects nothing. One process may use an account for several clusters, and one
        // that executes another program is that other program's process.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in request { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        if let cluster { for byte in cluster { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
        hash = (hash ^ Self.program(of: parent)) &* 0x100_0000_01b3
        self.request = Int64(bitPattern: hash)
    }

    /// Whether the same process has got the token with this expiry within the last 5 s.
    func isRepeated(expiry: Int?) -> Bool {
        var record: Record = (0, 0, 0, 0, 0)
        let size = MemoryLayout<Record>.size
        guard withUnsafeMutableBytes(of: &record, { pread(file, $0.baseAddress, size, slot) }) == size else {
            return false
        }
        return record.parent == parent && record.start == parentStart && record.request == request
            && record.expiry == Int64(expiry ?? 0) && (0..<Self.longestAgo).contains(Self.now - record.moment)
    }

    /// Ends the use of the record. A failure loses only the notice of a refusal.
    func remember(expiry: Int?) {
        var record: Record = (parent, parentStart, request, Self.now, Int64(expiry ?? 0))
        _ = withUnsafeBytes(of: &record) { pwrite(file, $0.baseAddress, $0.count, slot) }
        close(file)
    }

    /// Opens the file in the user's own runtime directory.
    private static func open() -> Int32? {
        guard let runtime = Bytes(variable: "XDG_RUNTIME_DIR"), runtime.first == UInt8(ascii: "/") else { return nil }
        var path = RawBytes(capacity: 256)
        path.append(runtime)
        path.append(literal: "/authagent")
        path.append(byte: 0)
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let directory = path.withBytes { Self.open($0, flags) }
        guard directory >= 0 else { return nil }
        defer { close(directory) }
        guard isOwn(directory, S_IFDIR) else { return nil }
        let file = openat(directory, "kubectl-calls", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard file >= 0 else { return nil }
        if isOwn(file, S_IFREG) { return file }
        close(file)
        return nil
    }

    /// Calls open(2); `path` ends with a zero.
    private static func open(_ path: Bytes, _ flags: Int32) -> Int32 {
        guard let start = path.baseAddress else { return -1 }
        return Glibc.open(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self), flags)
    }

    /// Whether others can neither read nor write it.
    private static func isOwn(_ descriptor: Int32, _ type: mode_t) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == type && status.st_uid == geteuid()
            && status.st_mode & 0o077 == 0
    }

    /// Returns when the process has started, in clock ticks since the boot (proc(5), /proc/PID/stat, field 22); 0 if
    /// that cannot be read.
    private static func start(of process: Int64) -> Int64 {
        var path = RawBytes(capacity: 64)
        path.append(literal: "/proc/")
        path.append(number: Int(process))
        path.append(literal: "/stat")
        path.append(byte: 0)
        let file = path.withBytes { Self.open($0, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var text = RawBytes(capacity: 1024)
        guard text.append(reading: { read(file, $0.baseAddress, $0.count) }) > 0 else { return 0 }
        return text.withBytes { text in
            // The name, in parentheses, may have any character; the state after it is field 3.
            var (place, field) = (text.lastIndex(of: UInt8(ascii: ")")) ?? text.count, 2)
            while place < text.count, field < 22 {
                if text[place] == 0x20 { field += 1 }
                place += 1
            }
            var number: Int64 = 0
            while place < text.count, (0x30...0x39).contains(text[place]) {
                number = number &* 10 &+ Int64(text[place] - 0x30)
                place += 1
            }
            return number
        }
    }

    /// Returns the number of the file that a process executes, mixed with that of its file system; 0 if it may not be read.
    private static func program(of process: Int64) -> UInt64 {
        var path = RawBytes(capacity: 64)
        path.append(literal: "/proc/")
        path.append(number: Int(process))
        path.append(literal: "/exe")
        path.append(byte: 0)
        var status = stat()
        let result = path.withBytes { path in
            path.baseAddress.map { stat(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self), &status) } ?? -1
        }
        return result == 0 ? UInt64(status.st_ino) ^ UInt64(status.st_dev) << 32 : 0
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
