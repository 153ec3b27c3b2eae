internal import Glibc
internal import System

/// A symbolic link to this program, in a directory in which a tool looks for it.
struct LinkChange {
    /// Absolute, both.
    let path: String
    let target: String

    /// What the link is now; `nil` if there is nothing.
    private var present: String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &bytes, bytes.count)
        guard count >= 0 else { return errno == ENOENT || errno == ENOTDIR ? nil : "" }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Whether the link is as it should be; throws if something else has its name.
    func isDone(undoes: Bool) throws -> Bool {
        guard let present else { return undoes }
        guard present == target || present.hasSuffix("/authagent") else {
            throw Failure("\(path) exists, and is not a link to authagent", hint: "look at 'ls -l \(path)'")
        }
        return !undoes && present == target
    }

    func show(undoes: Bool) { Console.print("\(undoes ? "-" : "+")link \(path) -> \(undoes ? present ?? "" : target)") }

    func perform(undoes: Bool) throws {
        // It may have changed since it was shown.
        guard try !isDone(undoes: undoes) else { return }
        if present != nil, unlink(path) != 0 { throw failure("remove") }
        guard !undoes else { return }
        do throws(PathFault) {
            try TrustedFile.makeDirectory(PrivateDirectory.parent(of: path))
        } catch { throw Failure(error.fault) }
        guard symlink(target, path) == 0 else { throw failure("create") }
    }

    private func failure(_ verb: String) -> Failure {
        Failure("cannot \(verb) \(path): \(String(cString: strerror(errno)))", hint: "look at 'ls -l \(path)'")
    }
}
