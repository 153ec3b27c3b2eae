internal import AgentAPI
internal import AuthagentClient
internal import Glibc

/// `authagent token NAME`, alone or with `--header`, without argument parser and JSON decoder: scripts run it for every
/// request, and these two take most of its time. `Sources/Programs/authagent/README.md` says what else it avoids.
///
/// The result is the same as `TokenCommand`'s. Other arguments, a missing agent and any reply except a plain one are
/// left to that command.
enum QuickToken {
    /// The arguments of a command line of this form.
    struct Arguments {
        /// Valid as an `AccountName`.
        let account: UnsafeBufferPointer<UInt8>
        let isHeader: Bool

        /// `nil` for any other command line, valid or not.
        init?(count: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>) {
            guard count == 3 || count == 4, let command = arguments[1], let name = arguments[2],
                Self.isEqual(command, "token")
            else { return nil }
            if count == 4 { guard let option = arguments[3], Self.isEqual(option, "--header") else { return nil } }
            account = UnsafeBufferPointer(
                start: UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self), count: strlen(name))
            guard AccountName.isName(account) else { return nil }
            isHeader = count == 4
        }

        private static func isEqual(_ argument: UnsafePointer<CChar>, _ word: StaticString) -> Bool {
            strcmp(argument, UnsafeRawPointer(word.utf8Start).assumingMemoryBound(to: CChar.self)) == 0
        }
    }

    /// Prints the token; returns false, without visible effect, if `TokenCommand` must run instead.
    static func run(_ arguments: Arguments) throws(AgentClientError) -> Bool {
        let connection: AgentConnection
        do throws(AgentClientError) {
            connection = try AgentConnection(to: try AgentAddress.resolve())
        } catch .notListening {
            return false
        }
        // Without a query, the agent's defaults are the same as `TokenCommand`'s.
        let deadline = Deadline(seconds: Limits.longestWait + 5)
        guard let head = try Self.head(of: arguments, connection, deadline) else { return false }
        let isPrinted = try connection.lendBody(of: head, deadline) { body in
            guard head.status == 200, let reply = PlainTokenReply(body),
                // One that is not an access token goes into no header, which that command says.
                !arguments.isHeader || reply.isAccessToken
            else { return false }
            reply.line(isHeader: arguments.isHeader).withBytes(Console.print(line:))
            return true
        }
        if !isPrinted {
            // Not requested again: a second reply could take as long, or differ.
            let response = Response(head, try connection.readBody(of: head, deadline))
            try show(response.decoded(TokenReply.self), isHeader: arguments.isHeader)
        }
        return true
    }

    /// Sends the request; `nil` if the agent ends before it answers, as in an upgrade. `TokenCommand` waits for the next one.
    private static func head(
        of arguments: Arguments, _ connection: AgentConnection, _ deadline: Deadline
    ) throws(AgentClientError) -> ResponseHead? {
        do throws(AgentClientError) {
            return try connection.send(PlainRequest.token(of: arguments.account), deadline)
        } catch {
            guard case .lost = error, connection.isUnanswered else { throw error }
            return nil
        }
    }

    private static func show(_ reply: TokenReply, isHeader: Bool) throws(AgentClientError) {
        guard isHeader, let problem = reply.noHeader else {
            return TokenCommand.show(reply, isHeader ? .header : .token)
        }
        throw .problem(problem)
    }
}

/// The printed members of a token reply without notes and without escaped characters. Valid as long as its bytes.
struct PlainTokenReply {
    private let token: UnsafeBufferPointer<UInt8>
    private let type: UnsafeBufferPointer<UInt8>

    /// `nil` for any other reply. Inside a JSON string a quotation mark is escaped, so a name with both quotation marks
    /// and the colon can only be a member.
    init?(_ body: UnsafeBufferPointer<UInt8>) {
        guard !body.contains(UInt8(ascii: "\\")), Self.end(of: "\"note\":", in: body) == nil,
            let token = Self.text(after: "\"access_token\":\"", in: body),
            let type = Self.text(after: "\"token_type\":\"", in: body)
        else { return nil }
        (self.token, self.type) = (token, type)
    }

    /// Whether services take it as an access token (RFC 8693 §2.2.1).
    var isAccessToken: Bool {
        let other: StaticString = "N_A"
        return other.withUTF8Buffer { !type.elementsEqual($0) }
    }

    /// The printed line with its end.
    func line(isHeader: Bool) -> RawBytes {
        let header: StaticString = "Authorization: "
        var line = RawBytes(capacity: header.utf8CodeUnitCount + type.count + token.count + 2)
        if isHeader {
            line.append(literal: header)
            line.append(type)
            line.append(literal: " ")
        }
        line.append(token)
        line.append(literal: "\n")
        return line
    }

    private static func text(
        after name: StaticString, in body: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8>? {
        guard let start = end(of: name, in: body) else { return nil }
        let text = body[start...].prefix { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
        guard text.endIndex < body.endIndex, body[text.endIndex] == UInt8(ascii: "\""), !text.isEmpty else {
            return nil
        }
        return UnsafeBufferPointer(rebasing: text)
    }

    private static func end(of name: StaticString, in body: UnsafeBufferPointer<UInt8>) -> Int? {
        name.withUTF8Buffer { name in
            guard body.count >= name.count else { return nil }
            return (0...(body.count - name.count)).first { body[$0...].starts(with: name) }.map { $0 + name.count }
        }
    }
}
