internal import TOMLKit

/// A TOML file that is read key by key. Reading a key marks it as known; keys that are left at the end are errors.
///
/// TOMLKit reports positions of syntax errors only; a key's line is found by searching for it.
struct TOMLFile {
    let path: String
    private let table: TOMLTable
    private let lines: ArraySlice<Substring>
    /// The line of the header, for a table in a list of tables.
    let firstLine: Int?
    private var known: [String] = []
    /// The list's name and the known keys of the file, for a table in a list of tables.
    private var outer: (list: String, keys: [String])?

    init(path: String, text: String) throws(ConfigurationError) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        firstLine = nil
        // TOMLKit cuts a text off there, and the rest would be ignored.
        if let index = lines.firstIndex(where: Self.hasEscapedNUL) {
            throw ConfigurationError(
                file: path, line: index + 1, problem: "a text contains the character NUL",
                hint: "leave out the escape of NUL"
            )
        }
        do { table = try TOMLTable(string: text) } catch let error as TOMLParseError {
            throw ConfigurationError(
                file: path, line: error.source.begin.line, problem: "this is not TOML: \(error.description)",
                hint: "see authagent.toml(5) for the format"
            )
        } catch {
            throw ConfigurationError(file: path, problem: "this is not TOML", hint: "see authagent.toml(5)")
        }
    }

    /// Whether the line has `\u0000` or `\U00000000` outside of a comment of its own, not after an escaped backslash.
    private static func hasEscapedNUL(_ line: Substring) -> Bool {
        guard line.contains("0000"), line.first(where: { $0 != " " && $0 != "\t" }) != "#" else { return false }
        var rest = line
        while let backslash = rest.firstIndex(of: "\\") {
            rest = rest[rest.index(after: backslash)...]
            if rest.hasPrefix("u0000") || rest.hasPrefix("U00000000") { return true }
            rest = rest.dropFirst()
        }
        return false
    }

    private init(path: String, table: TOMLTable, lines: ArraySlice<Substring>, firstLine: Int?) {
        self.path = path
        self.table = table
        self.lines = lines
        self.firstLine = firstLine
    }

    /// The place of the table, as `file:line`.
    var place: String { firstLine.map { "\(path):\($0)" } ?? path }

    /// Returns an error at the key, or at the table if the key is missing.
    func error(_ key: String, _ problem: String, hint: String) -> ConfigurationError {
        ConfigurationError(file: path, line: line(of: key), problem: "\(key): \(problem)", hint: hint)
    }

    mutating func string(_ key: String) throws(ConfigurationError) -> String? {
        known.append(key)
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw wrongType(key, "a string in quotes") }
        return text
    }

    func isText(_ key: String) -> Bool { value(key)?.string != nil }

    mutating func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
        known.append(key)
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else { throw wrongType(key, "true or false, without quotes") }
        return flag
    }

    mutating func strings(_ key: String) throws(ConfigurationError) -> [String]? {
        known.append(key)
        guard let value = value(key) else { return nil }
        guard let array = value.array else { throw wrongType(key, "a list of strings, like [\"openid\"]") }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { throw wrongType(key, "a list of strings, like [\"openid\"]") }
            texts.append(text)
        }
        return texts
    }

    /// Reads a table of strings with any keys.
    mutating func texts(_ key: String) throws(ConfigurationError) -> [String: String]? {
        known.append(key)
        guard let value = value(key) else { return nil }
        guard let table = value.table else { throw wrongType(key, "a table of strings, like {audience = \"…\"}") }
        var texts: [String: String] = [:]
        for name in table.keys {
            guard let text = table[name]?.string else {
                throw wrongType(key, "a table of strings, like {audience = \"…\"}")
            }
            texts[name] = text
        }
        known += table.keys.map { key + "." + $0 }
        return texts
    }

    /// Reads a list of tables, `[[key]]`, each as a file of its own.
    mutating func tables(_ key: String, most: Int) throws(ConfigurationError) -> [TOMLFile] {
        known.append(key)
        guard let value = value(key) else { return [] }
        guard let array = value.array else { throw wrongType(key, "a list of tables, each starting with [[\(key)]]") }
        let headers = lines.indices.filter { lines[$0].filter { $0 != " " && $0 != "\t" }.hasPrefix("[[\(key)]]") }
        guard array.count <= most else {
            throw ConfigurationError(
                file: path, line: headers.dropFirst(most).first.map { $0 + 1 } ?? line(of: key),
                problem: "\(key): there are more than \(most)",
                hint: "merge some of them; see authagent.toml(5)"
            )
        }
        var files: [TOMLFile] = []
        for (index, element) in array.enumerated() {
            guard let table = element.table else {
                throw wrongType(key, "a list of tables, each starting with [[\(key)]]")
            }
            // Inline tables have no headers; use the key's line.
            let header = headers.count == array.count ? headers[index] : nil
            let rest = header.map { lines[($0 + 1)...] } ?? []
            let body = rest.prefix { $0.first { $0 != " " && $0 != "\t" } != "[" }
            var file = TOMLFile(
                path: path, table: table, lines: body, firstLine: header.map { $0 + 1 } ?? line(of: key))
            file.outer = (key, known.filter { $0 != key })
            files.append(file)
        }
        return files
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        known.append(key)
        guard let value = value(key) else { return nil }
        guard let number = value.int else { throw wrongType(key, "a whole number") }
        guard range.contains(number) else {
            throw error(
                key, "\(number) is out of range", hint: "give a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    /// Removes keys from the suggestions.
    mutating func forget(_ keys: [String]) { known.removeAll { keys.contains($0) } }

    /// Refuses every key that was not read, and suggests the nearest known one.
    func refuseUnknownKeys() throws(ConfigurationError) {
        for key in keys(of: table, prefix: "") where !known.contains(key) {
            let hint =
                misplaced(key) ?? Self.nearest(to: key, in: known)
                ?? "the keys are: \(known.sorted().joined(separator: ", "))"
            throw ConfigurationError(
                file: path, line: line(of: key), problem: "unknown key '\(printable(key))'", hint: hint
            )
        }
    }

    /// Returns a hint for a file's key that was written after the header of a table.
    private func misplaced(_ key: String) -> String? {
        guard let outer, outer.keys.contains(key) else { return nil }
        return "put keys of the file before the first [[\(outer.list)]]"
    }

    /// Returns "did you mean"; `nil` if no word is similar.
    static func nearest(to word: String, in words: [String]) -> String? {
        // A longer text is not similar to any word, and comparing it takes long.
        guard word.count <= 100, let nearest = words.min(by: { distance($0, word) < distance($1, word) }),
            distance(nearest, word) <= max(2, word.count / 3)
        else { return nil }
        return "did you mean '\(nearest)'?"
    }

    /// Reads `table.key` as well as `key`.
    private func value(_ key: String) -> (any TOMLValueConvertible)? {
        let parts = key.split(separator: ".").map(String.init)
        guard parts.count == 2 else { return table[key] }
        return table[parts[0]]?.table?[parts[1]]
    }

    private func keys(of table: TOMLTable, prefix: String) -> [String] {
        table.keys.flatMap { key in
            if prefix.isEmpty, let inner = table[key]?.table { return keys(of: inner, prefix: key + ".") }
            return [prefix + key]
        }
    }

    private func wrongType(_ key: String, _ expected: String) -> ConfigurationError {
        error(key, "the value has the wrong type", hint: "give \(expected)")
    }

    /// Returns the line of the assignment, from 1.
    private func line(of key: String) -> Int? {
        let parts = key.split(separator: ".").map(String.init)
        var section = ""
        var table: Int?
        for (index, line) in zip(lines.indices, lines) {
            let text = line.drop { $0 == " " || $0 == "\t" }
            if text.first == "[" {
                section = String(text.drop { $0 == "[" }.prefix { $0 != "]" })
                if section == key { table = index + 1 }
                continue
            }
            let name = text.prefix { $0 != "=" }.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" }
            guard text.contains("=") else { continue }
            if section.isEmpty ? name == key : parts.count > 1 && section == parts[0] && name == parts[1] {
                return index + 1
            }
        }
        return table ?? firstLine
    }
}

/// Quotes a key without its white space, which DisplayText would keep.
private func printable(_ text: String) -> String { String(text.unicodeScalars.prefix(80).filter { $0.value > 0x20 }) }

/// Returns the edit distance of two words (Levenshtein).
private func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, letter) in left.enumerated() {
        var previous = row[0]
        row[0] = index + 1
        for column in right.indices {
            let substitution = previous + (letter == right[column] ? 0 : 1)
            previous = row[column + 1]
            row[column + 1] = min(substitution, row[column] + 1, previous + 1)
        }
    }
    return row[right.count]
}
