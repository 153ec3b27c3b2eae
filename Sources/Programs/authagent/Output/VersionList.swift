internal import AgentAPI
internal import Glibc
internal import System

/// `authagent --version --verbose`: the exact versions of what the programs were built with, from the list that was
/// installed with them.
struct VersionList: Equatable {
    /// A line of the list.
    struct Component: Encodable, Equatable {
        /// `toolchain`, `swift-package` or `debian-package`; later versions may have others.
        var kind: String
        var name: String
        var version: String
    }

    let components: [Component]

    /// Whether the arguments, without the program's name, request the list.
    static func isRequested(_ arguments: some Sequence<String>) -> Bool {
        let options = Set(arguments)
        return options.isSuperset(of: ["--version", "--verbose"])
            && options.isSubset(of: ["--version", "--verbose", "--json"])
    }

    /// Prints the list of this installation.
    static func print(json: Bool) throws(Failure) {
        let directory = programDirectory()
        let prefix = directory.lastIndex(of: "/").map { String(directory[..<$0]) } ?? ""
        let path = prefix + "/share/authagent/versions"
        let list = try VersionList(parsing: try read(path), path: path)
        Console.print(json ? list.json : list.text)
    }

    /// Parses lines of kind, name and version; the first is this program's own.
    init(parsing text: String, path: String) throws(Failure) {
        var components: [Component] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 3, words.allSatisfy(Self.isWord) else {
                throw Failure("cannot read \(path): line \(components.count + 1) is not a version", hint: Self.remedy)
            }
            components.append(Component(kind: words[0], name: words[1], version: words[2]))
        }
        guard let program = components.first, program.kind == "program" else {
            throw Failure("cannot read \(path): it is not a list of versions", hint: Self.remedy)
        }
        guard program.version == agentVersion else {
            throw Failure(
                "the list of versions at \(path) is of authagent \(program.version), and this program is \(agentVersion)",
                hint: Self.remedy)
        }
        self.components = Array(components.dropFirst())
    }

    /// Visible ASCII, so that nothing of the file is more than text on a terminal.
    private static func isWord(_ word: String) -> Bool {
        !word.isEmpty && word.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static let remedy = "install the package or the archive again, which has the list of its own versions"

    var text: String {
        let lines = components.map { component in
            switch component.kind {
            case "debian-package": "  \(component.name) \(component.version) (Debian)"
            default: "  \(component.name) \(component.version)"
            }
        }
        return (["authagent \(agentVersion), built with:"] + lines).joined(separator: "\n")
    }

    private struct Report: Encodable {
        var version = agentVersion
        var components: [Component]
    }

    var json: String { APIJSON.text(fixed: Report(components: components)) }

    /// A list has a hundred lines of some 50 bytes.
    private static let longest = 256 * 1024

    private static func read(_ path: String) throws(Failure) -> String {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else {
            if errno == ENOENT {
                throw Failure(
                    "no list of versions is installed at \(path)",
                    hint: "install the package or the archive, or run 'packaging/sbom --versions' in the sources")
            }
            throw Failure("cannot read \(path): \(String(cString: strerror(errno)))", hint: "run 'ls -l \(path)'")
        }
        let file = Descriptor(owning: raw)
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(file.raw, into: &bytes, limit: longest) {
            throw Failure("cannot read \(path): \(String(cString: strerror(code)))", hint: "run 'ls -l \(path)'")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
