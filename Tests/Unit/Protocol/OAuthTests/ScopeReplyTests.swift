import OAuth
import Testing

struct ScopeReplyTests {
    @Test(
        "requested scopes that are not granted are found, despite the server's own spellings",
        arguments: [
            ("a b", "b a c", ""), ("a b", "a", "b"), ("a", "", "a"), ("openid offline_access", "openid", ""),
            ("https://graph.microsoft.com/Mail.Read", "mail.read", ""),
            ("https://graph.microsoft.com/.default", "User.Read", ""),
            ("https://graph.microsoft.com/.default", "", "https://graph.microsoft.com/.default"),
            ("email profile", "https://www.googleapis.com/auth/userinfo.email", "profile"),
            ("read", "user/read", "read"), ("user/read", "read", "user/read"),
        ])
    func missing(asked: String, granted: String, missing: String) {
        #expect(ScopeReply(words(granted), to: words(asked)).notGranted == words(missing))
    }

    @Test(
        "granted scopes that were not requested are found",
        arguments: [
            ("a", "b a c", "b c"), ("a b", "a", ""), ("https://graph.microsoft.com/.default", "User.Read", ""),
            ("https://graph.microsoft.com/Mail.Read", "Mail.Read openid", "openid"),
            ("email", "https://www.googleapis.com/auth/userinfo.email", ""),
        ])
    func extra(asked: String, granted: String, extra: String) {
        #expect(ScopeReply(words(granted), to: words(asked)).notAsked == words(extra))
    }

    private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
