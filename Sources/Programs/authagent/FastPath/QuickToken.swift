internal import AgentAPI
internal import AuthagentClient
internal import Glibc

/// `authagent token NAME`, alone or with `--header`, without argument parser and JSON decoder: scripts run it for every
/// request, and these two take most of its time.
///
/// The result is the same as `TokenCommand`'s. Other arguments, a missing agent and any reply except a plain one are
/// left to that command.
enum QuickToken {
    /// The arguments of a command line of this form.
    struct Arguments {
        let account: AccountName
        let isHeader: Bool

        /// `nil` for any other command line, valid or not.
        init?(count: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>) {
            guard count == 3 || count == 4, let command = arguments[1], let name = arguments[2],
                strcmp(command, "token") == 0, let account = AccountName(String(cString: name))
            else { return nil }
            if count == 4 { guard let option = arguments[3], strcmp(option, "--header") == 0 else { return nil } }
            self.account = account
            isHeader = count == 4
        }
    }

    /// Prints the token; returns false, without visible effect, if `TokenCommand` must run instead.
    static func run(_ arguments: Arguments) throws(AgentClientError) -> Bool {
        let connection: AgentConnection
        do throws(AgentClientError) {
            connection = try AgentConnection(to: try SocketPath.resolve())
        } catch .notListening {
            return false
        }
        // Without a query, the agent's defaults are the same as `TokenCommand`'s.
        let request = PlainRequest("GET", Resource.token.path(of: arguments.account))
        let response = try connection.response(to: request, Deadline(.seconds(Limits.longestWait + 5)))
        guard response.status == 200, let reply = PlainTokenReply(response.body) else {
            // Not requested again: a second reply could take as long, or differ.
            try TokenCommand.show(response.decoded(TokenReply.self), arguments.isHeader ? .header : .token)
            return true
        }
        Console.print(arguments.isHeader ? "Authorization: " + reply.type + " " + reply.token : reply.token)
        return true
    }
}

/// The printed members of a token reply without notes and without escaped characters.
struct PlainTokenReply: Equatable {
    let token: String
    let type: String

    /// `nil` for any other reply. Inside a JSON string a quotation mark is escaped, so a name with both quotation marks
    /// and the colon can only be a member.
    init?(_ body: [UInt8]) {
        guard !body.contains(UInt8(ascii: "\\")), Self.end(of: "\"note\":", in: body) == nil,
            let token = Self.text(after: "\"access_token\":\"", in: body),
            let type = Self.text(after: "\"token_type\":\"", in: body)
        else { return nil }
        (self.token, self.type) = (token, type)
    }

    private static func text(after name: StaticString, in body: [UInt8]) -> String? {
        guard let start = end(of: name, in: body) else { return nil }
        let text = body[start...].prefix { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
        guard text.endIndex < body.endIndex, body[text.endIndex] == UInt8(ascii: "\""), !text.isEmpty else {
            return nil
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func end(of name: StaticString, in body: [UInt8]) -> Int? {
        name.withUTF8Buffer { name in
            guard body.count >= name.count else { return nil }
            return (0...(body.count - name.count)).first { body[$0...].starts(with: name) }.map { $0 + name.count }
        }
    }
}
