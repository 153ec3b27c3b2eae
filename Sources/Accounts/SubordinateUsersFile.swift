internal import Glibc

/// The machine's list of subordinate user IDs (subuid(5)).
package enum SubordinateUsersFile {
    package static let path = "/etc/subuid"
    /// Twenty thousand lines; what is beyond is not read.
    package static let longest = 1024 * 1024

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
