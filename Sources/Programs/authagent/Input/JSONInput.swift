internal import AgentAPI
internal import Formats
internal import Glibc
internal import System

/// Reads the JSON of an option: the value itself, or a file after '@'.
enum JSONInput {
    /// A request's body has room for it beside its other members.
    private static let longest = 16 * 1024

    /// What the text must be.
    enum Kind: String { case array, object }

    static func read(_ value: String, option: String, is kind: Kind) throws -> String {
        let bytes = value.hasPrefix("@") ? try contents(of: String(value.dropFirst())) : Array(value.utf8)
        guard bytes.count <= longest else {
            throw Failure("the value of \(option) is longer than \(longest) bytes", code: .usage)
        }
        let json = try? JSONReader.read(bytes)
        let isRight =
            switch (json, kind) {
            case (.array?, .array), (.object?, .object): true
            default: false
            }
        guard isRight else {
            throw Failure(
                "the value of \(option) is not a JSON \(kind.rawValue)",
                hint: "quote it for the shell, or put it into a file and give '\(option) @FILE'", code: .usage)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func contents(of path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw Failure("cannot read \(path): \(String(cString: strerror(errno)))", hint: "run 'ls -l \(path)'")
        }
        let file = Descriptor(owning: descriptor)
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(file.raw, into: &bytes, limit: longest + 1) {
            throw Failure("cannot read \(path): \(String(cString: strerror(code)))", hint: "run 'ls -l \(path)'")
        }
        while bytes.last == 0x0A || bytes.last == 0x0D { bytes.removeLast() }
        return bytes
    }
}
