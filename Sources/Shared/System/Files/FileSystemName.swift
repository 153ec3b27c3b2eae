internal import Glibc

/// The type of a path's file system, from the kernel's mount table (proc(5)), without contacting a server.
package enum FileSystemName {
    static func of(_ path: String) -> String? {
        let raw = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let table = Descriptor(owning: raw)
        var bytes: [UInt8] = []
        _ = SystemCall.readAll(table.raw, into: &bytes, limit: longestTable)
        return type(of: path, in: String(decoding: bytes, as: UTF8.self))
    }

    /// Room for thousands of mounts, as machines with containers have.
    private static let longestTable = 4 << 20

    package static func type(of path: String, in table: String) -> String? {
        var found: (length: Int, type: String)?
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
            let place = fields[4].replacing("\\040", with: " ")
            guard place == "/" || path == place || path.hasPrefix(place + "/") else { continue }
            // The last mount at a place covers the earlier ones.
            if place.utf8.count >= found?.length ?? 0 { found = (place.utf8.count, String(fields[dash + 1])) }
        }
        return found?.type
    }
}
