/// Reads the verification URI for the user (RFC 8628 §3.2). Some servers omit the scheme, or the host as well.
enum VerificationAddress {
    /// Returns a complete URL that can be shown. `origin` is the issuer's; without it only complete ones are accepted.
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

    /// `nil` if the text has another scheme, or is a path without an origin.
    private static func completed(_ text: String, origin: String?) -> String? {
        if text.hasPrefix("//") { return "https:" + text }
        if text.hasPrefix("/") { return origin.map { $0 + text } }
        let first = text.prefix { !"/?#".contains($0) }
        guard first.contains(where: \.isLetter) || first.hasPrefix(".") else { return nil }
        // `javascript:…` is not a host with a port, so it is refused as a URL.
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
