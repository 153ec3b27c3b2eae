public import AgentAPI
internal import OAuth

/// Two accounts with the same URL that no user name tells apart.
public struct URLConflict: Equatable, Sendable {
    public let url: String
    public let account: AccountName
    public let file: String
    public let other: AccountName
    public let otherFile: String

    init(_ url: ServiceURL, of claim: URLClaim, with other: URLClaim) {
        self.url = url.text
        (account, file) = (claim.account, claim.file)
        self.other = other.account
        otherFile = other.places.contains(url) ? other.file : other.machineFile
    }

    private var problem: String {
        "\(url) is in \(otherFile) as well, so it does not say which of '\(account)' and '\(other)' is meant"
    }

    private static let remedy =
        "give each of the two a git_username of its own, or leave the URL out of one, then run 'authagent reload'"

    /// The error that refuses a reload. It names both files.
    public var error: ConfigurationError {
        ConfigurationError(file: file, problem: "urls: \(problem)", hint: Self.remedy)
    }

    /// The text for `status` and `authagent url`.
    public var words: URLMatch.Conflict {
        URLMatch.Conflict(detail: "\(file): not found by URL: \(problem)", hint: Self.remedy)
    }
}
