import Foundation

/// A private directory, removed with this object. Its path is short, because a socket's path is limited to 107 bytes.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        var template = Array("/tmp/aa.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw CocoaError(.fileWriteUnknown) }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Creates a private subdirectory.
    @discardableResult
    public func directory(_ name: String) throws -> String {
        let path = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
        )
        return path
    }

    /// Writes a file, and returns its path.
    @discardableResult
    public func file(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        let path = path + "/" + name
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }
}
