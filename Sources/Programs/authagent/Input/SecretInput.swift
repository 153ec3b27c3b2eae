internal import Glibc
internal import System

/// Reads a secret from a private file or standard input; never from an argument, because /proc/PID/cmdline is
/// world-readable.
enum SecretInput {
    private static let longest = 64 * 1024

    /// `what` names the secret in messages.
    static func read(_ path: String, _ what: String) throws -> String {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw Failure(
                "cannot read \(path): \(String(cString: strerror(errno)))",
                hint: "run 'ls -l \(path)' to see why, or give '-' and the \(what) on standard input")
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        if path != "-" { try refuseReadableByOthers(descriptor, path) }
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(descriptor, into: &bytes, limit: longest + 3) {
            throw Failure("cannot read \(path): \(String(cString: strerror(code)))")
        }
        // A final line break belongs to the file, not to the secret.
        if bytes.last == 10 { bytes.removeLast() }
        if bytes.last == 13 { bytes.removeLast() }
        // RFC 6749 appendix A.2.
        guard !bytes.isEmpty, bytes.count <= longest, bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw Failure("\(path) does not contain a \(what)", hint: "it must contain the \(what) and nothing else")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func refuseReadableByOthers(_ descriptor: Int32, _ path: String) throws {
        do throws(FileRequirement.Violation) {
            try FileRequirement(forbidden: 0o077).check(descriptor)
        } catch {
            guard case .mode = error else {
                throw Failure("\(path) is not a regular file", hint: "use '-' to read the secret from standard input")
            }
            if let fault = FileSystemWithoutModes.fault(ofFile: path) { throw Failure(fault) }
            throw Failure("others may read \(path)", hint: "run 'chmod 600 \(path)'")
        }
    }
}
