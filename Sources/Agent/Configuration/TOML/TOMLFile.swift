internal import TOMLKit

/// A TOML file that is read key by key. Reading a key marks it as known; keys that are left at the end are errors.
struct TOMLFile {
    let path: String
    private let table: TOMLTable
    private let lines: TOMLLines
    /// The line of the header, for a table in a list of tables.
    let firstLine: Int?
    private var known: Set<String> = []
    /// The list's name and the known keys of the file, for a table in a list of tables.
    private var outer: (list: String, keys: Set<String>)?
    /// The keys that a check has found to be wrong; they are read as if they were missing.
    private var omitted: Set<String> = []
    private(set) var stage = Stage.keys

    /// What a reader of the file is at.
    enum Stage {
        case keys
        /// The keys that it does not know are looked for.
        case unknownKeys
        /// Each key by itself is right. What is refused from then on concerns several keys.
        case whole
    }

    init(path: String, text: String) throws(ConfigurationError) {
        self.path = path
        lines = TOMLLines(text)
        firstLine = nil
        // TOMLKit cuts a text off there, and the rest would be ignored.
        if let line = lines.lineOfEscapedNUL {
            throw ConfigurationError(
                file: path, line: line, problem: "a text contains the character NUL",
                hint: "leave out the escape of NUL"
            )
        }
        if let line = KeyDepth.lineBeyondLimit(text) {
            throw ConfigurationError(
                file: path, line: line, problem: "a key has too many parts", hint: "see authagent.toml(5) for the keys")
        }
        do { table = try TOMLTable(string: text) } catch let error as TOMLParseError {
            throw ConfigurationError(
                file: path, line: error.source.begin.line, column: error.source.begin.column,
                problem: "this is not TOML: \(error.description)", hint: "see authagent.toml(5) for the format"
            )
        } catch {
            throw ConfigurationError(file: path, problem: "this is not TOML", hint: "see authagent.toml(5)")
        }
    }

    private init(path: String, table: TOMLTable, lines: TOMLLines, firstLine: Int?) {
        self.path = path
        self.table = table
        self.lines = lines
        self.firstLine = firstLine
    }

    /// The place of the table, as `file:line`.
    var place: String { firstLine.map { "\(path):\($0)" } ?? path }

    /// Returns an error at the key, or at the table if the key is missing.
    func error(_ key: String, _ problem: String, hint: String) -> ConfigurationError {
        var error = ConfigurationError(file: path, line: line(of: key), problem: "\(key): \(problem)", hint: hint)
        error.key = key
        return error
    }

    /// Returns the file as if it had none of these keys.
    func without(_ keys: Set<String>) -> TOMLFile {
        var file = self
        file.omitted = keys
        return file
    }

    mutating func string(_ key: String) throws(ConfigurationError) -> String? {
        known.insert(key)
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw wrongType(key, "a string in quotes") }
        return text
    }

    func isText(_ key: String) -> Bool { value(key)?.string != nil }

    mutating func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
        known.insert(key)
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else { throw wrongType(key, "true or false, without quotes") }
        return flag
    }

    mutating func strings(_ key: String) throws(ConfigurationError) -> [String]? {
        known.insert(key)
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
        known.insert(key)
        guard let value = value(key) else { return nil }
        guard let table = value.table else { throw wrongType(key, "a table of strings, like {audience = \"…\"}") }
        var texts: [String: String] = [:]
        for name in table.keys {
            guard let text = table[name]?.string else {
                throw wrongType(key, "a table of strings, like {audience = \"…\"}")
            }
            texts[name] = text
        }
        known.formUnion(table.keys.map { key + "." + $0 })
        return texts
    }

    /// Reads a list of tables, `[[key]]`, each as a file of its own. `most`: the limit for all files together, of which
    /// those before have had some.
    mutating func tables(_ key: String, most: Int, before: Int = 0) throws(ConfigurationError) -> [TOMLFile] {
        known.insert(key)
        guard let value = value(key) else { return [] }
        guard let array = value.array else { throw wrongType(key, "a list of tables, each starting with [[\(key)]]") }
        let headers = lines.headers(of: key)
        guard array.count + before <= most else {
            throw ConfigurationError(
                file: path, line: headers.dropFirst(max(0, most - before)).first.map { $0 + 1 } ?? line(of: key),
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
            var file = TOMLFile(
                path: path, table: table, lines: lines.body(after: header),
                firstLine: header.map { $0 + 1 } ?? line(of: key))
            file.outer = (key, known.subtracting([key]))
            files.append(file)
        }
        return files
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        known.insert(key)
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
    mutating func forget(_ keys: [String]) { known.subtract(keys) }

    /// Refuses every key that was not read, and suggests the nearest known one.
    mutating func refuseUnknownKeys() throws(ConfigurationError) {
        stage = .unknownKeys
        if let error = unknownKeys(most: 1).first { throw error }
        stage = .whole
    }

    /// Returns the errors of keys that were not read.
    func unknownKeys(most: Int) -> [ConfigurationError] {
        keys(of: table, prefix: "").lazy.filter { !known.contains($0) && !omitted.contains($0) }.prefix(most)
            .map { key in
                let hint =
                    misplaced(key) ?? SimilarWord.hint(for: key, in: known.sorted())
                    ?? "the keys are: \(known.sorted().joined(separator: ", "))"
                var error = ConfigurationError(
                    file: path, line: line(of: key), problem: "unknown key '\(printable(key))'", hint: hint)
                error.key = key
                return error
            }
    }

    /// The known keys that the file has, with their places, except lists of tables.
    var assignments: [(key: String, place: String)] {
        keys(of: table, prefix: "").filter { known.contains($0) && !isListOfTables($0) }
            .map { key in (key, line(of: key).map { "\(path):\($0)" } ?? path) }
    }

    private func isListOfTables(_ key: String) -> Bool {
        guard let array = value(key)?.array else { return false }
        return array.first?.table != nil
    }

    /// Returns a hint for a file's key that was written after the header of a table.
    private func misplaced(_ key: String) -> String? {
        guard let outer, outer.keys.contains(key) else { return nil }
        return "put keys of the file before the first [[\(outer.list)]]"
    }

    /// Reads `table.key` as well as `key`.
    private func value(_ key: String) -> (any TOMLValueConvertible)? {
        guard !omitted.contains(key) else { return nil }
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

    /// Returns the line of the assignment, from 1, or of the table's header.
    func line(of key: String) -> Int? { lines.number(of: key) ?? firstLine }
}

/// Quotes a key without its white space, which DisplayText would keep.
private func printable(_ text: String) -> String { String(text.unicodeScalars.prefix(80).filter { $0.value > 0x20 }) }
