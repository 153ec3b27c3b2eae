internal import AgentAPI

/// The files of accounts as one TOML document: a table with the text of each file, comments included.
enum AccountDocument {
    private static let version = 1
    /// Ten thousand small files, or all that a person may want to look through.
    static let longest = 8 * 1024 * 1024

    private static let heading = """
        # Accounts of authagent, from 'authagent export'; 'authagent import FILE' adds them on another machine.
        # No secret is in here. Files with secrets, keys and certificates that an account names do not come along.
        """

    static func text(of files: [(name: AccountName, text: String)]) -> String {
        let entries = files.map { "\(key($0.name)) = \(value($0.text))\n" }
        return ([heading + "\nversion = \(version)\n", "[accounts]\n"] + entries).joined(separator: "\n")
    }

    /// A file's text in a document, and the line of the document that the text begins after; `nil` if it is not known.
    struct Entry {
        let name: AccountName
        let text: String
        let header: Int?
    }

    /// Reads a document. Names that are not account names are added to the problems.
    static func parse(
        _ text: String, path: String, _ problems: inout ConfigurationProblems
    ) throws(ConfigurationError) -> [Entry] {
        var file = try TOMLFile(path: path, text: text)
        guard let found = try file.integer("version", in: 1...Int(Int32.max)) else {
            throw ConfigurationError(
                file: path, problem: "this is not a document of 'authagent export': it has no version",
                hint: "give the file that 'authagent export --output FILE' has written")
        }
        guard found == version else {
            throw file.error(
                "version", "the document's version \(found) is not known",
                hint: "import it with the authagent that has written it, or a later one")
        }
        let texts = try file.texts("accounts") ?? [:]
        try file.refuseUnknownKeys()
        let headers = headers(in: text)
        return texts.sorted { $0.key < $1.key }.compactMap { key, text in
            guard let name = AccountName(key) else {
                problems.add(
                    file.error(
                        "accounts", "'\(TOMLFile.shown(key))' is not an account name",
                        hint: "a name has \(AccountName.rule)"))
                return nil
            }
            return Entry(name: name, text: text, header: headers["\(Self.key(name)) ="])
        }
    }

    /// The lines, from 1, after which texts in the form that `text` writes begin, by what is before the quotes.
    private static func headers(in text: String) -> [String: Int] {
        var headers: [String: Int] = [:]
        for (index, line) in TOMLLines.split(text).enumerated() {
            guard line.hasSuffix(" '''") || line.hasSuffix(" \"\"\"") else { continue }
            headers[String(line.dropLast(4))] = index + 1
        }
        return headers
    }

    /// A bare key if it can be one (TOML v1.0.0, Keys).
    private static func key(_ name: AccountName) -> String {
        let text = name.description
        let isBare = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_".utf8.contains(byte)
        }
        return isBare ? text : "\"\(text)\""
    }

    /// A literal text, which needs no escapes, if it can be one. The line feed after the quotes does not count.
    private static func value(_ text: String) -> String {
        return isLiteral(text) ? "'''\n\(text)'''" : "\"\"\"\n\(escaped(text))\"\"\""
    }

    /// Bytes count: a quote with a combining character is another character in Swift, and the same to TOML.
    private static func isLiteral(_ text: String) -> Bool {
        var quotes = 0
        for byte in text.utf8 {
            guard byte > 0x1F || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t"), byte != 0x7F else {
                return false
            }
            quotes = byte == UInt8(ascii: "'") ? quotes + 1 : 0
            if quotes == 3 { return false }
        }
        return quotes == 0
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\n"
            case "\r": result += "\\r"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
