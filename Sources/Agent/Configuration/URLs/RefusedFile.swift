internal import Formats
internal import OAuth

/// An account file that is not used, because it is refused or replaced. It serves nothing; its prefixes are only held.
enum RefusedFile {
    /// Returns the URLs of the key `urls`, whatever else is wrong in the file; if it is not a list or the file not TOML,
    /// the URLs in quotes there. None if the file cannot be read.
    static func urls(_ path: String) -> Set<ServiceURL> {
        guard let bytes = try? ProtectedFile.read(path, mayBeReadByOthers: true, isTrusted: false) else { return [] }
        // Other bytes than UTF-8 are a reason to refuse the file, and not in a URL.
        let text = String(decoding: bytes, as: UTF8.self)
        let texts: [String]
        do throws(ConfigurationError) {
            var file = try TOMLFile(path: path, text: text)
            texts = try file.strings("urls") ?? []
        } catch {
            texts = quoted(afterKeyIn: text)
        }
        return Set(texts.prefix(most).compactMap { try? ServiceURL(parsing: $0) })
    }

    /// Returns what is in quotes from the line of the key to the end of its list.
    private static func quoted(afterKeyIn text: String) -> [String] {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let line = lines.first(where: { $0.drop { $0 == " " || $0 == "\t" }.hasPrefix("urls") }) else {
            return []
        }
        return text[line.startIndex...].prefix { $0 != "]" }.split { "\"'".contains($0) || $0.isNewline }.map(
            String.init)
    }

    /// A file of 64 KiB has no more.
    private static let most = 10_000
}
