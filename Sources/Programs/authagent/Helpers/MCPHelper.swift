internal import AgentAPI
internal import AuthagentClient

/// The headers of a server of the Model Context Protocol, as the `headersHelper` of Claude Code prints them.
enum MCPHelper {
    /// In seconds: the headers last as long as a connection.
    private static let validity = 300
    /// In seconds, less than the 10 that a helper has there.
    private static let patience = 8

    static func run(_ arguments: HelperArguments) throws(Failure) {
        guard arguments.count <= 1 else {
            throw Helper.misuse("unexpected argument '\(arguments[1].text)'")
        }
        var query: TokenQuery
        if arguments.count == 1 {
            query = try TokenQuery(account: arguments[0])
        } else if let url = Bytes(variable: "CLAUDE_CODE_MCP_SERVER_URL") {
            query = TokenQuery(.url(try HelperURL.checked(url)))
        } else {
            throw Failure(
                "no account is named, and CLAUDE_CODE_MCP_SERVER_URL is not set",
                hint: "give the account's name as an argument", code: .usage)
        }
        (query.minimumValidity, query.wait) = (validity, patience)
        try HelperConnection().token(query) { answer throws(Failure) in
            var json = RawBytes(capacity: 2048)
            json.append(literal: "{\"Authorization\":\"")
            answer.appendQuotedAuthorization(to: &json)
            json.append(literal: "\"}\n")
            json.withBytes(Console.print(line:))
        }
    }
}
