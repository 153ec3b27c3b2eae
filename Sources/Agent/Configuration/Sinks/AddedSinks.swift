public import AgentAPI
internal import Glibc
internal import System

/// The file `sinks.toml`: the sinks of `authagent sink add`. `authagent.toml`, which people write, is never changed.
public struct AddedSinks: Sendable {
    private let paths: UserPaths
    private let names: UserNames

    public init(_ paths: UserPaths, names: UserNames = .system) { (self.paths, self.names) = (paths, names) }

    public var file: String { paths.addedSinks }

    /// Returns the file's entries, in its order; empty if the file is missing.
    public func load() throws(ConfigurationError) -> [AddedSink] {
        guard let text = try ProtectedFile.text(file) else { return [] }
        return try Self.parse(text, path: file, places)
    }

    /// Parses a request as if it were in the file.
    public func settings(of request: SinkRequest) throws(ConfigurationError) -> SinkSettings {
        try usable(try Self.parse(Self.text(of: request), path: file, places).last)
    }

    private func usable(_ entry: AddedSink?) throws(ConfigurationError) -> SinkSettings {
        switch entry {
        case .usable(let sink): return sink
        case .broken(let sink): throw sink.error
        case nil: throw ConfigurationError(file: file, problem: "there is no sink", hint: "see authagent.toml(5)")
        }
    }

    /// Adds a sink at the end of the file. The others stay as they are, with the comments that a person has added.
    public func add(_ request: SinkRequest) throws(ConfigurationError) {
        var text = try ProtectedFile.text(file) ?? Self.heading
        if !text.hasSuffix("\n") { text += "\n" }
        text += "\n" + Self.text(of: request)
        _ = try usable(try Self.parse(text, path: file, places).last)
        try write(text)
    }

    /// Removes the sink with this path from the file. Returns false if the file has none.
    public func remove(_ path: String) throws(ConfigurationError) -> Bool {
        guard let text = try ProtectedFile.text(file) else { return false }
        let sinks = try Self.parse(text, path: file, places)
        guard let index = sinks.firstIndex(where: { $0.path == path }) else { return false }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let headers = lines.indices.filter { Self.isHeader(lines[$0]) }
        guard headers.count == sinks.count else {
            throw ConfigurationError(
                file: file, problem: "a sink is written in a form that the agent does not change",
                hint: "remove the sink from \(file) by hand, and run 'authagent reload'")
        }
        let end = index + 1 < headers.count ? headers[index + 1] : lines.endIndex
        let rest = (lines[..<headers[index]] + lines[end...]).joined(separator: "\n")
        try write(rest.hasSuffix("\n") ? rest : rest + "\n")
        return true
    }

    private static func isHeader(_ line: Substring) -> Bool {
        line.filter { $0 != " " && $0 != "\t" }.hasPrefix("[[sink]]")
    }

    private static let heading = """
        # Written by 'authagent sink add'. The keys are those of [[sink]] in authagent.toml(5).

        """

    private var places: SinkTable.Places { SinkTable.Places(paths, names) }

    private static func parse(
        _ text: String, path: String, _ places: SinkTable.Places
    ) throws(ConfigurationError) -> [AddedSink] {
        var file = try TOMLFile(path: path, text: text)
        let sinks = try file.addedSinks(places)
        try file.refuseUnknownKeys()
        return sinks
    }

    private func write(_ text: String) throws(ConfigurationError) {
        do throws(PathFault) { try TrustedFile.makeDirectory(paths.configuration) } catch {
            throw ConfigurationError(error)
        }
        try ProtectedFile.requirePrivate(paths.configuration)
        try PreparedAccountFile(text: text, directory: paths.configuration, path: file).commit()
    }

    private static func text(of request: SinkRequest) -> String {
        var lines = ["[[sink]]"]
        func add(_ key: String, _ value: String?) {
            if let value { lines.append("\(key) = \(AccountFile.quoted(value))") }
        }
        func add(_ key: String, _ values: [String]?) {
            if let values { lines.append("\(key) = [\(values.map(AccountFile.quoted).joined(separator: ", "))]") }
        }
        add("account", request.account.description)
        add("path", request.path)
        add("what", request.what?.rawValue)
        add("variable", request.variable)
        add("scopes", request.scopes)
        add("audience", request.audience)
        add("mode", request.mode)
        add("group", request.group)
        if let newline = request.newline { lines.append("newline = \(newline)") }
        add("on_change", request.onChange)
        if let seconds = request.minimumValidity { lines.append("min_valid = \(seconds)") }
        if let meta = request.meta { lines.append("meta = \(meta)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension SinkTable.Places {
    init(_ paths: UserPaths, _ names: UserNames) {
        self.init(
            agentsOwn: [paths.state, paths.configuration, paths.systemConfiguration], sinks: paths.sinks, names: names)
    }
}

extension TOMLFile {
    /// Reads the sinks. Two of the machine's files, or of the user's, must not have the same path.
    mutating func sinks(
        _ level: inout DaemonSettings.Level, _ problems: inout ConfigurationProblems
    ) -> [SinkSettings] {
        let sinks = problems.tables("sink", most: SinkTable.most, before: level.sinks, of: &self) {
            (table) throws(ConfigurationError) in try table.sink(level.places, besides: &level.sinkPaths)
        }
        level.sinks += sinks.count
        return sinks
    }

    /// Reads the sinks of `sinks.toml`. An error in one does not keep the others from their work: programs and groups
    /// come and go. What does not even name an account is an error of the file.
    fileprivate mutating func addedSinks(_ places: SinkTable.Places) throws(ConfigurationError) -> [AddedSink] {
        var sinks: [AddedSink] = []
        var taken: [String: String] = [:]
        for var table in try tables("sink", most: SinkTable.most) {
            var again = table
            do throws(ConfigurationError) { sinks.append(.usable(try table.sink(places, besides: &taken))) } catch {
                guard let broken = SinkTable.broken(&again, places, error) else { throw error }
                sinks.append(.broken(broken))
            }
        }
        return sinks
    }

    private mutating func sink(
        _ places: SinkTable.Places, besides taken: inout [String: String]
    ) throws(ConfigurationError) -> SinkSettings {
        let sink = try SinkTable.parse(&self, places)
        for path in sink.paths {
            guard let other = taken[path] else { continue }
            throw error(
                "path", "the sink at \(other) has \(path) as well",
                hint: "give each sink a path of its own; without one it is \(places.sinks)/NAME")
        }
        for path in sink.paths { taken[path] = sink.source }
        return sink
    }
}
