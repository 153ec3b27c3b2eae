import Foundation

/// A manual page as its source has it (mdoc), for tests that compare it with the code.
public struct ManualPage: Sendable {
    private let lines: [Substring]

    /// Reads a page of `man/`, such as `authagent-api.7`.
    public init(_ name: String) throws {
        let text = try String(contentsOfFile: Repository.path("man/\(name)"), encoding: .utf8)
        lines = text.split(separator: "\n").filter { !$0.hasPrefix(".\\\"") }
    }

    /// The words that have an entry in a list: those of each `.It` line.
    public var entries: Set<String> {
        Set(lines.filter { $0.hasPrefix(".It ") }.flatMap { Self.words($0.dropFirst(4)) })
    }

    /// The words of each `.It` line of a section or subsection, which is named as in its source.
    public func items(of heading: String) -> [[String]] {
        let titles = [".Sh \(heading)", ".Ss \(heading)"]
        guard let start = lines.firstIndex(where: { titles.contains(String($0)) }) else { return [] }
        let ends = lines[start].hasPrefix(".Sh ") ? [".Sh "] : [".Sh ", ".Ss "]
        return lines[(start + 1)...].prefix { line in !ends.contains { line.hasPrefix($0) } }
            .filter { $0.hasPrefix(".It ") }.map { Self.words($0.dropFirst(4)) }
    }

    /// The words of the page, wherever they stand.
    public var words: Set<String> { Set(lines.flatMap(Self.words)) }

    /// The titles of its sections and subsections, without markup.
    public var headings: [String] {
        lines.filter { $0.hasPrefix(".Sh ") || $0.hasPrefix(".Ss ") }.map { line in
            // mdoc(7): Ns joins two words, Ar is an argument.
            String(line.dropFirst(4)).replacing(" Ns ", with: "").replacing("Ar NAME", with: "{account}")
                .replacing("Ar ", with: "")
        }
    }

    private static func words(_ text: Substring) -> [String] {
        text.split { !isPart($0) }.map { $0.trimmingCharacters(in: CharacterSet(charactersIn: ".")) }
    }

    private static func isPart(_ letter: Character) -> Bool {
        letter.isASCII && (letter.isLetter || letter.isNumber || "_.-".contains(letter))
    }
}
