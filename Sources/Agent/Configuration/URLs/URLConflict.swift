public import AgentAPI
internal import OAuth

/// Why an account is not found by its URLs: another account has one of them, and no user name tells the two apart; or
/// its file is refused.
public struct URLConflict: Equatable, Sendable {
    public let account: AccountName
    public let file: String
    /// `nil` if the file is refused.
    public let other: AccountName?
    public let otherFile: String?
    private let url: String?

    init(refused claim: URLClaim) {
        (account, file) = (claim.account, claim.file)
        (other, otherFile, url) = (nil, nil, nil)
    }

    init(_ url: ServiceURL, of claim: URLClaim, with other: URLClaim) {
        self.url = url.text
        (account, file) = (claim.account, claim.file)
        self.other = other.account
        otherFile = other.places.contains(url) ? other.file : other.machineFile
    }

    private var problem: String {
        guard let url, let other, let otherFile else { return "the file is refused, so no account has its URLs" }
        return "\(url) is in \(otherFile) as well, so it does not say which of '\(account)' and '\(other)' is meant"
    }

    private var remedy: String {
        guard other != nil else { return "run 'authagent reload' to see what is wrong in the file" }
        return
            "give each of the two a git_username of its own, or leave the URL out of one, then run 'authagent reload'"
    }

    /// The error that refuses a reload. It names both files.
    public var error: ConfigurationError {
        ConfigurationError(file: file, problem: "urls: \(problem)", hint: remedy)
    }

    /// The text for `status` and `authagent url`.
    public var words: URLMatch.Conflict {
        URLMatch.Conflict(
            detail: "\(file): not found by URL: \(problem)", hint: remedy,
            reason: other == nil ? "file_refused" : "url_conflict")
    }
}
