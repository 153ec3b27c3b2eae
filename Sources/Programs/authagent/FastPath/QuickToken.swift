internal import AgentAPI
internal import AuthagentClient
internal import Glibc

/// `authagent token NAME`, alone or with `--header`, without the argument parser and without a JSON decoder: scripts run
/// it for every request, and these two take longer than all the rest.
///
/// It does what `TokenCommand` does, or leaves it to that: no other arguments, no agent, any reply but the plain one.
enum QuickToken {
    /// A command line that this takes.
    struct Arguments {
        let account: AccountName
        let isHeader: Bool

        /// Nil for every other command line, whether it is right or wrong.
        init?(count: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>) {
            guard count == 3 || count == 4, let command = arguments[1], let name = arguments[2],
                strcmp(command, "token") == 0, let account = AccountName(String(cString: name))
            else { return nil }
            if count == 4 { guard let option = arguments[3], strcmp(option, "--header") == 0 else { return nil } }
            self.account = account
            isHeader = count == 4
        }
    }

    /// Returns false, having done nothing that anybody sees, when the ordinary command has to do it.
    static func run(_ arguments: Arguments) throws(AgentClientError) -> Bool {
        let connection: AgentConnection
        do throws(AgentClientError) {
            connection = try AgentConnection(to: try SocketPath.resolve())
        } catch .notListening {
            return false
        }
        // Without a query the agent takes the same defaults as the ordinary command sends.
        let request = PlainRequest("GET", Resource.token.path(of: arguments.account))
        let response = try connection.response(to: request, Deadline(.seconds(Limits.longestWait + 5)))
        guard response.status == 200, let reply = PlainTokenReply(response.body) else {
            // Asked for once only: the next answer could take as long again, or be another.
            try TokenCommand.show(response.decoded(TokenReply.self), arguments.isHeader ? .header : .token)
            return true
        }
        Console.print(arguments.isHeader ? "Authorization: " + reply.type + " " + reply.token : reply.token)
        return true
    }
}

/// What is printed of a token reply that has nothing else to say: no note, and nothing that JSON has to escape.
struct PlainTokenReply: Equatable {
    let token: String
    let type: String

    /// Nil for any other reply. In JSON a quotation mark inside of a text comes with a backslash, so that a member's
    /// name with both of its marks and the colon is nothing but that member.
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
