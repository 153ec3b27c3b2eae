/// The names of authentication contexts (`acr`, OpenID Connect Core 1.0 §2) in a request, in order of preference.
public enum AuthenticationContexts {
    public static let most = 16
    /// Of one name, in bytes.
    public static let longest = 256

    /// Returns the error in the names, as a sentence without its subject; `nil` if there is none.
    public static func problem(in names: [String]) -> String? {
        if names.isEmpty { return "is empty" }
        if names.count > most { return "has more than \(most) names" }
        return names.allSatisfy(isName) ? nil : "has a name that is empty, too long or not of visible ASCII characters"
    }

    /// Whether the text is one name: the list in which it is sent separates names by spaces.
    public static func isName(_ text: String) -> Bool {
        (1...longest).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Returns the names of a list that one space separates.
    public static func names(in list: String) -> [String] {
        list.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    }
}
