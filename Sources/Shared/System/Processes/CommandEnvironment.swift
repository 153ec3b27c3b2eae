internal import Glibc

/// The environment of a command: that of this process, byte for byte, with some variables set or removed.
public struct CommandEnvironment {
    /// `nil`: removed.
    private var changes: [(name: String, value: String?)] = []

    public init() {}

    public mutating func set(_ name: String, to value: String?) {
        changes.removeAll { $0.name == name }
        changes.append((name, value))
    }

    /// Lends the strings; the copies of the values are cleared afterwards, because one may be a token.
    func withCStrings<Value>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value) -> Value {
        var entries: [UnsafeMutablePointer<CChar>?] = []
        var cursor = environ
        while let entry = cursor.pointee {
            if !changes.contains(where: { Self.isValue(entry, of: $0.name) }) { entries.append(entry) }
            cursor += 1
        }
        let own = changes.compactMap { name, value in value.flatMap { strdup("\(name)=\($0)") } }
        defer {
            for entry in own {
                explicit_bzero(entry, strlen(entry))
                free(entry)
            }
        }
        entries += own.map { $0 } + [nil]
        return entries.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("the list has its end") }
            return body(start)
        }
    }

    private static func isValue(_ entry: UnsafePointer<CChar>, of name: String) -> Bool {
        let length = name.utf8.count
        return strncmp(entry, name, length) == 0 && entry[length] == CChar(UInt8(ascii: "="))
    }
}
