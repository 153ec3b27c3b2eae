internal import Formats
internal import OAuth

extension ProviderPreset {
    /// A value that a preset needs to name one provider.
    public struct Parameter: Equatable, Sendable {
        /// The key in the account file. The option of `login` has dashes instead of underscores.
        public var name: String
        public var meaning: String
        /// The default; `nil` if the value is required.
        public var standard: String?
        var kind: Kind

        init(_ name: String, _ meaning: String, standard: String? = nil, kind: Kind = .word) {
            (self.name, self.meaning, self.standard, self.kind) = (name, meaning, standard, kind)
        }
    }
}

extension ProviderPreset.Parameter {
    static let host = Self("host", "the server's host name", kind: .host)
    static func host(_ standard: String) -> Self {
        Self("host", "the server's host name", standard: standard, kind: .host)
    }

    /// The allowed syntax. Values become parts of URLs that receive secrets, and must not change another part.
    enum Kind: Sendable {
        /// A host name, with an optional port.
        case host
        /// A segment of a path or a label of a host name.
        case word
        /// A region of AWS, which is a label of a host name.
        case region
        /// A value in a request, not a part of a URL.
        case httpsURL
    }

    public var option: String { AccountKey.option(for: name) }

    /// Returns why the value is invalid; `nil` if it is valid.
    func objection(to value: String) -> (problem: String, hint: String)? {
        switch kind {
        case .host where !Self.isSafe(value, others: "-._:[]"):
            (
                "the \(name) holds a character that it may not hold",
                "give a host name, with a port if needed, and nothing else"
            )
        case .word where !Self.isSafe(value, others: "-._~"):
            ("the \(name) holds a character that it may not hold", "give \(meaning)")
        case .region where !Self.isRegion(value):
            ("'\(DisplayText.clean(value, limit: 40))' is not a region", "give \(meaning)")
        case .httpsURL:
            Self.rejection(ofURL: value).map {
                ("the \(name) is not usable: \($0)", "give \(meaning), without '#' and what follows it")
            }
        case .host, .word, .region: nil
        }
    }

    private static func isSafe(_ value: String, others: String) -> Bool {
        (1...255).contains(value.utf8.count) && value != "." && value != ".."
            && value.utf8.allSatisfy { $0.isLetterOrDigit || others.utf8.contains($0) }
    }

    /// `eu-west-1`, `us-gov-east-1`, `eusc-de-east-1`: lower-case words and a number. A label has at most 63 characters
    /// (RFC 1123 §2.1).
    private static func isRegion(_ value: String) -> Bool {
        let parts = value.split(separator: "-", omittingEmptySubsequences: false)
        guard value.utf8.count <= 63, parts.count >= 3, let number = parts.last else { return false }
        func consists(_ part: Substring, of range: ClosedRange<UInt8>) -> Bool {
            !part.isEmpty && part.utf8.allSatisfy(range.contains)
        }
        return consists(number, of: UInt8(ascii: "0")...UInt8(ascii: "9"))
            && parts.dropLast().allSatisfy { consists($0, of: UInt8(ascii: "a")...UInt8(ascii: "z")) }
    }

    private static func rejection(ofURL value: String) -> URLRejection? {
        do throws(URLRejection) {
            let url = try EndpointURL(parsing: value)
            // http is refused on loopback too: the URL is a portal of the provider, not an endpoint.
            return url.origin.hasPrefix("https://") ? nil : .unsupportedScheme("http")
        } catch {
            return error
        }
    }
}
