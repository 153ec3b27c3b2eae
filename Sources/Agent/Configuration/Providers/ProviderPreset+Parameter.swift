internal import Formats
internal import OAuth

extension ProviderPreset {
    /// What people have to say for the preset to be one provider.
    public struct Parameter: Equatable, Sendable {
        /// The key in the account file; the option of `login` has dashes instead of underscores.
        public var name: String
        public var meaning: String
        /// Nil: it has to be given.
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

    /// What a value may be. It becomes a part of URLs that secrets are sent to, and must not reach into another part.
    enum Kind: Sendable {
        /// With a port if need be.
        case host
        /// A part of a path or of a host name.
        case word
        /// A label of a host name, as the regions of AWS are.
        case region
        /// A value in a request, and no part of a URL.
        case httpsURL
    }

    public var option: String { "--" + name.replacing("_", with: "-") }

    /// Why the value cannot be used; nil if it can.
    func objection(to value: String) -> (problem: String, hint: String)? {
        switch kind {
        case .host where !Self.isSafe(value, others: "-._:[]"):
            (
                "the \(name) holds a character that it may not hold",
                "give a host name, with a port if need be, and nothing else"
            )
        case .word where !Self.isSafe(value, others: "-._~"):
            ("the \(name) holds a character that it may not hold", "give \(meaning)")
        case .region where !Self.isRegion(value):
            ("'\(DisplayText.clean(value, limit: 40))' is no region", "give \(meaning)")
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

    /// `eu-west-1`, `us-gov-east-1`, `eusc-de-east-1`: words in lower case and a number. RFC 1123 §2.1 has 63 as the
    /// longest label.
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
            // Also for this machine: it is somebody's portal, and no endpoint.
            return url.origin.hasPrefix("https://") ? nil : .unsupportedScheme("http")
        } catch {
            return error
        }
    }
}
