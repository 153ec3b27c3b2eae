import Foundation

/// The programs that were built together with the tests.
public enum BuildProducts {
    /// Beside the test program, wherever the build directory is.
    public static func path(_ name: String) throws -> String {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = (program as NSString).deletingLastPathComponent + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw MissingProgram(name: path, package: "(run 'swift build')")
        }
        return path
    }
}
