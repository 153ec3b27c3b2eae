internal import Glibc
internal import Policy
internal import System

/// The machine's list of subordinate user ids (subuid(5)).
package enum SubordinateUsersFile {
    package static let path = "/etc/subuid"
    /// About twenty thousand lines; the rest is not read.
    package static let longest = 1024 * 1024

    /// The limit of owners that are looked up one by one, perhaps over the network. Further owners that are not in
    /// passwd(5) count as unknown.
    private static let mostLookups = 500

    @Sendable
    static func users() -> SubordinateUsers {
        // Read passwd(5) once: getpwnam(3) would scan it from the start for each name.
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

    /// Returns whole lines; empty if the file is missing, as without user namespaces, or cannot be read.
    package static func text(of path: String = path) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return "" }
        let file = Descriptor(owning: descriptor)
        guard (try? FileRequirement().check(file)) != nil else { return "" }
        var bytes: [UInt8] = []
        _ = SystemCall.readAll(file.raw, into: &bytes, limit: longest)
        guard bytes.count >= longest, let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
