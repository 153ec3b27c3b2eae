import Foundation
import TestSupport

/// A unit file of `packaging/systemd`: the parts that a test needs to act like systemd.
struct UnitFile {
    private let settings: [(name: String, value: String)]

    /// The directory of the unit files and the scripts that they start.
    static let directory = Repository.path("packaging/systemd")

    init(_ name: String) throws {
        let text = try String(contentsOfFile: "\(Self.directory)/\(name)", encoding: .utf8)
        settings = text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
            return (String(line[..<equals]), String(line[line.index(after: equals)...]))
        }
    }

    /// Returns the setting's only value.
    func value(_ name: String) throws -> String {
        let values = settings.filter { $0.name == name }.map(\.value)
        guard values.count == 1 else { throw CocoaError(.fileReadCorruptFile) }
        return values[0]
    }

    /// Returns a command with its arguments, using the programs of this build instead of the installed ones.
    func command(_ name: String) throws -> (program: String, arguments: [String]) {
        let words = try value(name).split(separator: " ").map(String.init)
        let program = (words[0] as NSString).lastPathComponent
        let script = "\(Self.directory)/\(program)"
        let isScript = FileManager.default.isExecutableFile(atPath: script)
        return (isScript ? script : try BuildProducts.path(program), Array(words.dropFirst()))
    }
}
