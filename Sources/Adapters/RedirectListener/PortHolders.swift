internal import Agent
internal import Formats
internal import Glibc
internal import Sandbox
internal import System

/// Which program listens at a loopback port, from proc(5).
enum PortHolders {
    /// `nil` if no listener is found, as for a port that is bound and not listened at.
    static func holder(of port: UInt16) -> PortHolder? {
        let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].compactMap { text(of: $0) }
        guard let socket = tables.lazy.compactMap({ listener(in: $0, at: port) }).first else { return nil }
        return process(holding: socket.inode) ?? .user(socket.user)
    }

    struct ListeningSocket: Equatable {
        var user: UInt32
        var inode: UInt64
    }

    /// TCP_LISTEN in the kernel's tables.
    private static let listening = "0A"
    /// Loopback and the wildcard address, as the kernel writes them: words in the machine's byte order, in hexadecimal.
    private static let addresses: Set<Substring> = [
        "0100007F", "00000000", "00000000000000000000000001000000", "00000000000000000000000000000000",
        "0000000000000000FFFF00000100007F",
    ]

    /// Returns the socket that listens at the port of a loopback address, or at that of all addresses.
    static func listener(in table: String, at port: UInt16) -> ListeningSocket? {
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == listening else { continue }
            let address = fields[1].split(separator: ":")
            guard address.count == 2, addresses.contains(address[0]), UInt16(address[1], radix: 16) == port,
                let user = UInt32(fields[7]), let inode = UInt64(fields[9])
            else { continue }
            return ListeningSocket(user: user, inode: inode)
        }
        return nil
    }

    /// The process that has the socket open, if this user may see that.
    private static func process(holding inode: UInt64) -> PortHolder? {
        guard let pid = holder(ofSocket: inode) else { return nil }
        let name = text(of: "/proc/\(pid)/comm").map { $0.filter { $0 != "\n" } } ?? "a program"
        return .program(name: DisplayText.clean(name, limit: 40), pid: pid)
    }

    private static func holder(ofSocket inode: UInt64) -> Int32? {
        if let reader = ProcessReader.shared { return reader.holder(ofSocket: inode) }
        let target = "socket:[\(inode)]"
        return names(in: "/proc").lazy.compactMap({ Int32($0) }).first { pid in
            let directory = "/proc/\(pid)/fd"
            return names(in: directory).contains { link("\(directory)/\($0)") == target }
        }
    }

    /// A table of the kernel has a line of 150 bytes for each socket.
    private static let longestTable = 16 * 1024 * 1024

    private static func text(of path: String) -> String? {
        let raw = open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let file = Descriptor(owning: raw)
        var bytes: [UInt8] = []
        guard SystemCall.readAll(file.raw, into: &bytes, limit: longestTable) == nil else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 64)
        let count = readlink(path, &bytes, bytes.count)
        guard count > 0, count < bytes.count else { return nil }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
