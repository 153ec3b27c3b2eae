internal import ConfigurationText
internal import System

/// A change of one configuration file.
struct FileChange {
    /// Absolute.
    let path: String
    /// The ending of the file that the tool's own programs create while they write it.
    var lock: String?
    /// The mode of a new file.
    var mode: UInt32 = 0o600
    /// Returns the new text; `nil` is a file that does not exist.
    let apply: ([UInt8]?) throws -> [UInt8]?

    /// Inserts a block, or replaces the one of the same name.
    static func insert(_ block: MarkedBlock, in path: String, lock: String? = nil) -> FileChange {
        FileChange(path: path, lock: lock) { try block.written(to: $0) }
    }

    /// Removes the blocks of this name.
    static func remove(_ name: String, from path: String) -> FileChange {
        FileChange(path: path) { try $0.flatMap { try MarkedBlock.removed(from: $0) { $0 == name } } }
    }

    static func remove(_ blocks: BlockChoice, from path: String, lock: String? = nil) -> FileChange {
        FileChange(path: path, lock: lock) { try blocks.removed(from: $0) }
    }
}

/// What a tool needs.
struct SetupPlan {
    /// A part that is shown: where it belongs, and its text.
    struct Part {
        let place: String
        let text: String
    }

    var parts: [Part] = []
    /// What --write does; empty if nothing can be written safely.
    var changes: [FileChange] = []
    var links: [LinkChange] = []
    /// What the user does besides.
    var remarks: [String] = []
    /// What is left out, and why; for standard error.
    var notes: [String] = []
    /// What must be there before it is written.
    var obstacle: Fault?

    /// Adds a part of these lines.
    mutating func show(_ place: String, _ lines: [String]) {
        parts.append(Part(place: place, text: lines.joined(separator: "\n")))
    }

    func print() {
        for part in parts { Console.print("# \(Console.clean(part.place))\n\(part.text)\n") }
        if let obstacle { Console.print("# first: \(obstacle.hint)") }
        printRemarks()
    }

    /// A word of a command for the user's shell.
    static func shellWord(_ text: String) -> String {
        guard !text.isEmpty, text.utf8.allSatisfy(SetupPlace.isPlain) else {
            return "'\(text.replacing("'", with: #"'\''"#))'"
        }
        return text
    }

    func printRemarks() {
        for remark in remarks { Console.print("# next: \(remark)") }
    }
}
