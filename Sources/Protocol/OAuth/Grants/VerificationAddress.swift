/// The address that a person is to open, made of what the server writes for it (RFC 8628 §3.2). Some servers leave out the
/// scheme, or the host as well.
enum VerificationAddress {
    /// A complete URL that can be shown. `origin` is the issuer's; `nil`: only complete ones are read.
    static func read(_ text: String, origin: String?) throws(URLRejection) -> String {
        let text = trimmed(text)
        do throws(URLRejection) {
            _ = try WebURL(text)
            return text
        } catch {
            guard case .notAbsolute = error, let completed = completed(text, origin: origin),
                (try? WebURL(completed)) != nil
            else { throw error }
            return completed
        }
    }

    /// `nil` for a text with another scheme, and for a path without an origin.
    private static func completed(_ text: String, origin: String?) -> String? {
        if text.hasPrefix("//") { return "https:" + text }
        if text.hasPrefix("/") { return origin.map { $0 + text } }
        let first = text.prefix { !"/?#".contains($0) }
        guard first.contains(where: \.isLetter) || first.hasPrefix(".") else { return nil }
        // `javascript:…` is not a host with a port, and is refused as one.
        if !first.hasPrefix("."), first.contains(".") || first.contains(":") || first == "localhost" {
            return "https://" + text
        }
        return origin.map { "\($0)/\(text)" }
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0 == " " }
        return String(start.prefix(upTo: start.lastIndex { $0 != " " }.map(start.index(after:)) ?? start.startIndex))
    }
}
