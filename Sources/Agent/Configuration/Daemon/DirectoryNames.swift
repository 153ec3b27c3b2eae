internal import Glibc

/// The names in a directory of configuration files.
enum DirectoryNames {
    /// Twice the limit of accounts: editors and package managers leave copies.
    private static let most = 20_000

    /// Returns the names in byte order, without `.` and `..`; `nil` if the directory is missing. A name that is not
    /// UTF-8 would be another file's once it is decoded, so it is refused.
    static func of(_ directory: String) throws(ConfigurationError) -> [String]? {
        guard let stream = opendir(directory) else {
            guard errno != ENOENT else { return nil }
            throw ProtectedFile.failure(directory, "cannot be read", errno)
        }
        defer { _ = closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard let name = String(validating: bytes, as: UTF8.self) else {
                throw ConfigurationError(
                    file: directory, problem: "the name of a file in it is not UTF-8",
                    hint: "run 'ls -b \(directory)' to see it, and rename it")
            }
            if name != ".", name != ".." { names.append(name) }
            guard names.count <= most else {
                throw ConfigurationError(
                    file: directory, problem: "there are more than \(most) files", hint: "is it the right directory?")
            }
            errno = 0
        }
        if errno != 0 { throw ProtectedFile.failure(directory, "cannot be read", errno) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether the name is one that editors and package managers leave behind.
    static func isLeftover(_ name: String) -> Bool {
        let suffixes = [
            "~", ".bak", ".old", ".orig", ".swp", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp", ".rpmnew",
            ".rpmorig", ".rpmsave", ".ucf-dist", ".ucf-new", ".ucf-old",
        ]
        return name.hasPrefix(".") || name.hasPrefix("#") && name.hasSuffix("#")
            || suffixes.contains { name.hasSuffix($0) }
    }

    /// Returns an error if the file that was listed is a link to nothing; `nil` if it is gone by now.
    static func danglingLink(_ path: String) -> ConfigurationError? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return ConfigurationError(
            file: path, problem: "this is a link to a file that does not exist",
            hint: "create the file that 'readlink \(path)' names, or remove the link")
    }
}
