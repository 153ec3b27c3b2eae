internal import Formats
internal import OAuth

/// Scopes that a provider no longer grants to a login, in words.
struct LostScope {
    let text: String

    /// `nil` if no scope is lost.
    init?(_ scopes: [String]) {
        guard !scopes.isEmpty else { return nil }
        let shown = DisplayText.clean(scopes.joined(separator: " "), limit: 200)
        text = "the provider has narrowed the login: it no longer grants the scope '\(shown)'"
    }
}
