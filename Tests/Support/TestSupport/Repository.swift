import Foundation

/// The source tree of this build, for tests that read documents, units and scripts.
package enum Repository {
    /// The directory of `Package.swift`.
    package static let root: String = {
        var directory = URL(filePath: #filePath)
        repeat {
            directory.deleteLastPathComponent()
        } while !FileManager.default.fileExists(
            atPath: directory.appending(path: "Package.swift").path) && directory.path != "/"
        return directory.path
    }()

    /// The absolute path of a file or directory in the tree.
    package static func path(_ relative: String) -> String { "\(root)/\(relative)" }
}
