/// The drop-ins of the machine's `authagent.toml`, which packages and configuration management add one by one.
enum DropIns {
    static let directory = "authagent.toml.d"
    private static let suffix = ".toml"
    /// A machine has a handful.
    private static let most = 256

    /// Returns the paths in the order in which they are read, and the names that are ignored.
    static func list(in configuration: String) throws(ConfigurationError) -> (files: [String], ignored: [String]) {
        let path = "\(configuration)/\(directory)"
        guard let names = try DirectoryNames.of(path) else { return ([], []) }
        try ProtectedFile.requirePrivate(path)
        let files = names.filter { !$0.hasPrefix(".") && $0.hasSuffix(suffix) }
        guard files.count <= most else {
            throw ConfigurationError(
                file: path, problem: "there are more than \(most) drop-ins", hint: "merge some of them")
        }
        return (files.map { "\(path)/\($0)" }, names.filter { $0.hasPrefix(".") || !$0.hasSuffix(suffix) })
    }
}
