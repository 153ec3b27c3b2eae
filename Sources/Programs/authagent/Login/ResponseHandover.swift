internal import AgentAPI
internal import AuthagentClient

/// Hands the authorization server's response over to the pending login of an account.
struct ResponseHandover: Sendable {
    let account: AccountName
    /// Whether a code may come without its `state`.
    var allowsBareCode = false

    /// The agent only compares the response; it does not wait for the provider.
    private static let limit: Duration = .seconds(15)

    /// For an agent that gives no reason.
    static let foreign = "it is not the response to this login"

    func give(_ response: String) throws -> LoginResponseReply {
        var request = Request.answerLogin(
            account, LoginResponse(response: response, bareCode: allowsBareCode ? true : nil))
        request.limit = Self.limit
        return try AgentConnection.open(startIfNeeded: false).ask(request)
    }
}
