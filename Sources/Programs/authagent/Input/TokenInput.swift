internal import Glibc
internal import System

/// Reads a token from standard input; never from an argument, because /proc/PID/cmdline is world-readable.
enum TokenInput {
    /// A request's body has room for this and little more.
    private static let longest = 60 * 1024

    static func read() throws -> String {
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(STDIN_FILENO, into: &bytes, limit: longest + 1) {
            throw Failure("cannot read standard input: \(String(cString: strerror(code)))")
        }
        func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        let token = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !token.isEmpty, bytes.count <= longest, token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure(
                "standard input does not contain a token",
                hint: "run 'authagent inspect - < FILE' with one token in FILE"
            )
        }
        return String(decoding: token, as: UTF8.self)
    }
}
