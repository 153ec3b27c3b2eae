import Foundation

/// The programs built with the tests.
public enum BuildProducts {
    /// The path beside the test program, in any build directory.
    public static func path(_ name: String) throws -> String {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = (program as NSString).deletingLastPathComponent + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw MissingProgram(name: path, package: "(run 'swift build')")
        }
        return path
    }
}
