internal import Formats
public import OAuth

/// The services that take the account's tokens, and the user names that go with them.
extension AccountSettings {
    public var urls: [ServiceURL] { keys.urls ?? [] }
    public var gitUsername: String? { keys.gitUsername }
    public var registryUsername: String? { keys.registryUsername }

    /// More than any account needs, and few enough to compare with those of thousands of accounts.
    static let mostURLs = 64

    static func checkURLs(_ keys: AccountKeys) throws(Invalid) {
        guard (keys.urls ?? []).count <= mostURLs else {
            throw Invalid(
                key: "urls", problem: "there are more than \(mostURLs)",
                hint: "name what they have in common, such as https://git.example.com/"
            )
        }
        for (key, name) in [("git_username", keys.gitUsername), ("registry_username", keys.registryUsername)] {
            guard let name else { continue }
            // RFC 7617 §2: a colon would end the user name.
            guard (1...255).contains(name.utf8.count),
                name.utf8.allSatisfy({ $0.isVisible && $0 != UInt8(ascii: ":") })
            else {
                throw Invalid(
                    key: key, problem: "a user name has 1 to 255 printable ASCII characters, without spaces and colons",
                    hint: "give the name that the service wants beside a token, such as oauth2"
                )
            }
        }
        // Container programs take this name as the sign of a refresh token, and exchange the token at the registry.
        guard keys.registryUsername != "<token>" else {
            throw Invalid(
                key: "registry_username", problem: "'<token>' stands for a refresh token, which no program gets",
                hint: "give the name that the registry wants beside an access token"
            )
        }
    }
}
