public import AgentAPI

/// Which files the settings come from.
extension DaemonSettings {
    public static func load(
        _ paths: UserPaths, names: UserNames = .system
    ) throws(ConfigurationError) -> DaemonSettings {
        var problems = ConfigurationProblems()
        let settings = read(paths, names: names, &problems)
        if let error = problems.first { throw error }
        return settings
    }

    /// Reads as much as is right, and adds what is not to the problems.
    static func read(
        _ paths: UserPaths, names: UserNames, _ problems: inout ConfigurationProblems
    ) -> DaemonSettings {
        var settings = DaemonSettings(network: NetworkSettings(), logLevel: .info, logFormat: .text)
        settings.read(paths.systemConfiguration, hasDropIns: true, paths, names, &problems)
        settings.read(paths.configuration, hasDropIns: false, paths, names, &problems)
        settings.sinks.added =
            problems.attempt { () throws(ConfigurationError) in try AddedSinks(paths, names: names).load() } ?? []
        settings.subordinates = names.subordinates()
        return settings
    }

    /// Reads one level: the machine's files, or the user's.
    private mutating func read(
        _ directory: String, hasDropIns: Bool, _ paths: UserPaths, _ names: UserNames,
        _ problems: inout ConfigurationProblems
    ) {
        do throws(ConfigurationError) { try ProtectedFile.requirePrivate(directory) } catch {
            // Each file in it would be refused for the same reason.
            return problems.add(error)
        }
        var level = Level(places: SinkTable.Places(paths, names))
        read("\(directory)/\(Self.fileName)", &level, &problems)
        guard hasDropIns else { return }
        let dropIns = problems.attempt { () throws(ConfigurationError) in try DropIns.list(in: directory) }
        for path in dropIns?.files ?? [] where !read(path, &level, &problems) {
            // A rule that is missing may be one that refuses.
            if let error = DirectoryNames.danglingLink(path) { problems.add(error) }
        }
        for name in dropIns?.ignored ?? [] where !DirectoryNames.isLeftover(name) {
            problems.warn(
                ConfigurationError(
                    file: "\(directory)/\(DropIns.directory)/\(name)",
                    problem: "the file is ignored: it is not a drop-in",
                    hint: "give it a name that ends in .toml, or move it elsewhere"))
        }
    }

    /// Reads one file; returns false if there is none.
    @discardableResult
    private mutating func read(
        _ path: String, _ level: inout Level, _ problems: inout ConfigurationProblems
    ) -> Bool {
        let found = problems.attempt { () throws(ConfigurationError) in try ProtectedFile.text(path) }
        if let found, found == nil { return false }
        problems.examine(path)
        guard let text = found ?? nil else { return true }
        let parsed = problems.attempt { () throws(ConfigurationError) in try TOMLFile(path: path, text: text) }
        guard var file = parsed else { return true }
        apply(&file, &level, &problems)
        for error in level.repeated(by: file) { problems.add(error) }
        return true
    }

    /// What the files of one level must not have twice.
    struct Level {
        let places: SinkTable.Places
        /// Where each path of a sink is declared.
        var sinkPaths: [String: String] = [:]
        var sinks = 0
        /// Where each key is.
        private var keys: [String: String] = [:]

        init(places: SinkTable.Places) { self.places = places }

        /// Returns the errors of keys that an earlier file has: which is meant would depend on the names of the files.
        mutating func repeated(by file: TOMLFile) -> [ConfigurationError] {
            file.assignments.compactMap { key, place in
                guard let earlier = keys.updateValue(place, forKey: key) else { return nil }
                return file.error(key, "it is in \(earlier) as well", hint: "keep it in one of the two files")
            }
        }
    }
}
