import Foundation

/// The sources that this program was built from, for tests that read documents, units and scripts of theirs.
package enum Repository {
    /// The directory with `Package.swift`.
    package static let root: String = {
        var directory = URL(filePath: #filePath)
        repeat {
            directory.deleteLastPathComponent()
        } while !FileManager.default.fileExists(
            atPath: directory.appending(path: "Package.swift").path) && directory.path != "/"
        return directory.path
    }()

    /// The absolute path of a file or directory, given from the root.
    package static func path(_ relative: String) -> String { "\(root)/\(relative)" }
}
