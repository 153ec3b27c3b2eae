internal import Glibc
internal import Policy

/// The machine's list of subordinate user IDs (subuid(5)).
package enum SubordinateUsersFile {
    package static let path = "/etc/subuid"
    /// Twenty thousand lines; what is beyond is not read.
    package static let longest = 1024 * 1024

    /// Owners that are looked up one by one, which may ask another machine. A larger list is of users of this machine, or
    /// the rest of it counts as of unknown owners.
    private static let mostLookups = 500

    @Sendable
    static func users() -> SubordinateUsers {
        // passwd(5), read once: for each of ten thousand names the library would read it from the start.
        var numbers: [Substring: UInt32] = [:]
        let local = text(of: "/etc/passwd")
        for line in local.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count > 2, let number = UInt32(fields[2]) { numbers[fields[0]] = numbers[fields[0]] ?? number }
        }
        var lookups = 0
        return SubordinateUsers(parsing: text()) { name in
            if let number = numbers[name[...]] { return number }
            lookups += 1
            return lookups <= mostLookups ? UserNames.systemUser(name) : nil
        }
    }

    /// Whole lines. Empty where there is no such file, as on a machine without user namespaces, or it cannot be read.
    package static func text(of path: String = path) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var state = stat()
        guard fstat(descriptor, &state) == 0, state.st_mode & S_IFMT == S_IFREG else { return "" }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count < longest {
            let count = read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        guard bytes.count >= longest, let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
