/// The problems of configuration files, in the order in which they are found: an agent throws the first one, a check
/// reports all.
struct ConfigurationProblems {
    struct Entry: Hashable {
        var error: ConfigurationError
        var isWarning = false
    }

    private(set) var entries: [Entry] = []
    /// The first error, whatever the limits leave out; `nil` if there is none.
    private(set) var first: ConfigurationError?
    /// The files that were read, in this order.
    private(set) var files: [String] = []
    /// The numbers of all problems, of which `entries` has as many as the limits allow.
    private(set) var (errors, warnings) = (0, 0)
    private var counts: [String: Int] = [:]
    private var (known, examined): (Set<Entry>, Set<String>) = ([], [])

    /// For each file. A person mends some and checks again, and a hostile file must not fill the report.
    private static let mostOfFile = 100
    private static let most = 2000
    /// For each table of a list: it is parsed again after each.
    private static let mostOfTable = 20

    mutating func examine(_ file: String) { if examined.insert(file).inserted { files.append(file) } }

    /// Adds an error, once.
    mutating func add(_ error: ConfigurationError) { add(Entry(error: error)) }

    /// Adds the problems of another collection, as they are or as warnings.
    mutating func add(_ others: ConfigurationProblems, asWarnings: Bool = false) {
        for entry in others.entries {
            add(Entry(error: entry.error, isWarning: asWarnings || entry.isWarning))
        }
    }

    /// Adds what is probably not intended, or not complete yet, and keeps no agent from its work.
    mutating func warn(_ error: ConfigurationError) { add(Entry(error: error, isWarning: true)) }

    private mutating func add(_ entry: Entry) {
        guard known.insert(entry).inserted else { return }
        if entry.isWarning {
            warnings += 1
        } else {
            errors += 1
            first = first ?? entry.error
        }
        guard hasRoom(for: entry.error.file) else { return }
        counts[entry.error.file, default: 0] += 1
        entries.append(entry)
    }

    /// Whether another problem of the file would be listed. Without room, more of them are not worth the time.
    private func hasRoom(for file: String) -> Bool {
        entries.count < Self.most && counts[file, default: 0] < Self.mostOfFile
    }

    /// Returns the result; `nil` after an error, which is added.
    @discardableResult
    mutating func attempt<Value>(_ body: () throws(ConfigurationError) -> Value) -> Value? {
        do throws(ConfigurationError) { return try body() } catch {
            add(error)
            return nil
        }
    }

    /// Adds an error for each key that was not read.
    mutating func refuseUnknownKeys(of file: TOMLFile) {
        for error in file.unknownKeys(most: Self.mostOfFile) { add(error) }
    }

    /// Parses a list of tables; those with an error are left out.
    mutating func tables<Value>(
        _ key: String, most: Int, before: Int, of file: inout TOMLFile,
        _ parse: (inout TOMLFile) throws(ConfigurationError) -> Value
    ) -> [Value] {
        let tables = attempt { () throws(ConfigurationError) in try file.tables(key, most: most, before: before) } ?? []
        return tables.compactMap { table($0, parse) }
    }

    /// Parses a table. After an error it is parsed without the wrong key, for errors of other keys; what several keys
    /// have to do with each other is not known then.
    private mutating func table<Value>(
        _ table: TOMLFile, _ parse: (inout TOMLFile) throws(ConfigurationError) -> Value
    ) -> Value? {
        var wrong: Set<String> = []
        while wrong.count < Self.mostOfTable, wrong.isEmpty || hasRoom(for: table.path) {
            var rest = table.without(wrong)
            do throws(ConfigurationError) {
                let value = try parse(&rest)
                return wrong.isEmpty ? value : nil
            } catch {
                guard wrong.isEmpty || rest.stage != .whole else { return nil }
                add(error)
                if rest.stage == .unknownKeys, hasRoom(for: table.path) {
                    for other in rest.unknownKeys(most: Self.mostOfTable - wrong.count) { add(other) }
                }
                guard rest.stage == .keys, let key = error.key, wrong.insert(key).inserted else { return nil }
            }
        }
        return nil
    }
}
