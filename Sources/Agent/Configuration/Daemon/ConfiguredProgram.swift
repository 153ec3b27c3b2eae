internal import System

/// A program of `authagent.toml` with its arguments, which no shell sees.
public struct ConfiguredProgram: Equatable, Sendable {
    /// Absolute.
    public var path: String
    /// Without the program's own name.
    public var arguments: [String]

    public init(_ path: String, _ arguments: [String] = []) {
        self.path = path
        self.arguments = arguments
    }
}

extension TOMLFile {
    /// Reads a program with its arguments, as a list of strings. An empty list means none, `.some(nil)`: it turns off
    /// that of the machine's file.
    ///
    /// Refuses a program that does not exist, and one that others than root and this user may change.
    mutating func program(_ key: String) throws(ConfigurationError) -> ConfiguredProgram?? {
        guard let words = try strings(key) else { return nil }
        guard let path = words.first else { return .some(nil) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.hasPrefix("/"), path.utf8.count < 4096, parts.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw error(
                key, "'\(Self.shown(path))' is not the absolute path of a program",
                hint: "give a list of the path and the arguments, like [\"/usr/local/bin/notify\", \"--urgent\"]")
        }
        guard words.count <= Self.mostArguments, words.reduce(0, { $0 + $1.utf8.count }) <= Self.longestArguments,
            words.allSatisfy({ !$0.utf8.contains(0) })
        else {
            throw error(
                key, "the arguments are too long, too many, or not text",
                hint: "put them into a script, and name that script")
        }
        do throws(Fault) { try TrustedProgram.require(path) } catch {
            throw self.error(key, error.problem, hint: error.hint)
        }
        return .some(ConfiguredProgram(path, Array(words.dropFirst())))
    }

    private static let mostArguments = 64
    private static let longestArguments = 16 * 1024
}
