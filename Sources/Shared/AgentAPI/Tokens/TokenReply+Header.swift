extension TokenReply {
    /// Why the token goes into no header; `nil` if services take it as an access token.
    public var noHeader: Problem? {
        guard !isAccessToken else { return nil }
        let what = issuedTokenType.map { " but of the type \($0)" } ?? ""
        return Problem(
            .badRequest, "the token of '\(account)' is not an access token\(what), and no service takes it in a header",
            hint: "use it where it is asked for, such as assertion_account in the file of another account; 'authagent"
                + " token \(account)' prints it", reason: "not_an_access_token")
    }
}
