import AgentAPI
import Testing

struct AccountNameTests {
    @Test(
        "names that are file names, path segments and words",
        arguments: ["work", "a", "ci-1", "me@example.org", "A.b_c+d", "0"])
    func good(text: String) { #expect(AccountName(text)?.description == text) }

    @Test(
        "names that could be a path, an option, a hidden file or something invisible",
        arguments: [
            "", ".", "..", ".hidden", "-rf", "a/b", "a b", "a\n", "a%2f", "ä", "a\0b",
            String(repeating: "a", count: 65),
        ])
    func bad(text: String) { #expect(AccountName(text) == nil) }
}
