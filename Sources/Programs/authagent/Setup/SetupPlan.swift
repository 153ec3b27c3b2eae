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

    /// Removes the blocks of a tool: that of `account` alone, or all.
    static func remove(_ tool: String, account: String?, from path: String, lock: String? = nil) -> FileChange {
        FileChange(path: path, lock: lock) { text in
            guard let text else { return nil }
            return try MarkedBlock.removed(from: text) { name in
                account.map { name == "\(tool) \($0)" } ?? (name == tool || name.hasPrefix(tool + " "))
            }
        }
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
    /// What must be there before it is written.
    var obstacle: Fault?

    /// Adds a part of these lines.
    mutating func show(_ place: String, _ lines: [String]) {
        parts.append(Part(place: place, text: lines.joined(separator: "\n")))
    }

    func print() {
        for part in parts { Console.print("# \(part.place)\n\(part.text)\n") }
        if let obstacle { Console.print("# first: \(obstacle.hint)") }
        printRemarks()
    }

    func printRemarks() {
        for remark in remarks { Console.print("# next: \(remark)") }
    }
}
