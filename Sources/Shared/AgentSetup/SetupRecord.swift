/// What a set-up has done, so that --undo undoes that and nothing else: one entry a line.
package struct SetupRecord: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// A user with a group of the same name.
        case user
        /// A member of that group.
        case member
        case unit
        case linger
        /// The directory of the sealed store.
        case store
        /// A file, with its digest.
        case key, rules

        package var isFile: Bool { self == .key || self == .rules }
        var isPath: Bool { isFile || self == .store }
    }

    package struct Entry: Equatable, Hashable, Sendable {
        package let kind: Kind
        /// Of a file, its path.
        package let name: String
        /// Of a file, SHA-256 of its content.
        package var digest: String?

        package init(_ kind: Kind, _ name: String, digest: String? = nil) {
            (self.kind, self.name, self.digest) = (kind, name, digest)
        }
    }

    package var entries: [Entry] = []

    package init(_ entries: [Entry] = []) { self.entries = entries }

    /// Reads what `text` has written; `nil` if a line is not understood, so that nothing is undone by mistake.
    package init?(parsing text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, let kind = Kind(rawValue: words[0]) else { return nil }
            // A path may have blanks, so it is the last word.
            let rest = words[1].split(separator: " ", maxSplits: kind.isFile ? 1 : 0).map(String.init)
            guard let name = rest.last, rest.count == (kind.isFile ? 2 : 1), kind.isPath == name.hasPrefix("/"),
                kind.isPath || !name.contains(" ")
            else { return nil }
            entries.append(Entry(kind, name, digest: kind.isFile ? rest[0] : nil))
        }
    }

    package var text: String {
        "# What 'authagent setup' has done here, for its --undo.\n"
            + entries.map { entry in
                ([entry.kind.rawValue] + (entry.digest.map { [$0] } ?? []) + [entry.name]).joined(separator: " ") + "\n"
            }.joined()
    }

    package mutating func add(_ entry: Entry) {
        entries.removeAll { $0.kind == entry.kind && $0.name == entry.name }
        entries.append(entry)
    }

    package func names(_ kind: Kind) -> [String] { entries.filter { $0.kind == kind }.map(\.name) }
}
