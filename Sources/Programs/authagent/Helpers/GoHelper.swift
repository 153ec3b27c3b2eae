internal import AgentAPI
internal import AuthagentClient
internal import Formats
internal import Glibc
internal import System

/// The authentication command of Go (`go help goauth`): called once without a URL, and again with one that a server has
/// refused, then with the head of its reply on standard input.
enum GoHelper {
    static func run(_ arguments: HelperArguments) throws(Failure) {
        switch arguments.count {
        case 0: try printAll()
        case 1: try answer(arguments[0])
        default:
            throw Helper.misuse("unexpected argument '\(arguments[1].text)'")
        }
    }

    /// Prints what is in memory: Go asks before it knows which hosts it needs. What is missing it asks for by its URL.
    private static func printAll() throws(Failure) {
        let connection = try HelperConnection()
        for url in try AccountURLs.all(connection) where url.hasPrefix("https://") {
            try? RawBytes(url).withBytes { url throws(Failure) in
                var query = TokenQuery(.url(url))
                query.wait = 0
                try connection.token(query) { answer throws(Failure) in print(answer, for: url) }
            }
        }
    }

    private static func answer(_ url: Bytes) throws(Failure) {
        guard url.hasPrefix("https://") else {
            throw Helper.misuse("Go uses credentials for https only")
        }
        let url = try HelperURL.checked(url)
        let isRefused = isUnauthorized()
        let connection = try HelperConnection()
        // The prefix holds for every module below it, so that Go does not ask for each file.
        try connection.match(of: url) { match throws(Failure) in
            var prefix = RawBytes(capacity: 512)
            guard let value = match["url"], prefix.append(decoding: value),
                let account = match["account"]?.text.flatMap({ AccountName($0) })
            else { throw Failure(AgentClientError.notUnderstood) }
            let next = try HelperConnection()
            // Go has sent the token of the first call; if it cannot be renewed, it is served as it is.
            if isRefused { _ = try? next.ask(.rejectToken(account, TokenRejection())) }
            try next.token(TokenQuery(.url(url))) { answer throws(Failure) in
                prefix.withBytes { print(answer, for: $0) }
            }
        }
    }

    /// Whether the reply on standard input has status 401; other ones say nothing of the token.
    private static func isUnauthorized() -> Bool {
        guard isatty(STDIN_FILENO) == 0 else { return false }
        var head = RawBytes(capacity: 64)
        while head.count < 64, head.withBytes({ $0.place(of: "\n") }) == nil {
            let count = head.append { buffer in
                SystemCall.uninterrupted { read(STDIN_FILENO, buffer.baseAddress, min(buffer.count, 64)) }
            }
            guard count > 0 else { break }
        }
        return head.withBytes { head in
            guard let blank = head.place(of: " "), head.hasPrefix("HTTP/") else { return false }
            return head.dropping(blank).hasPrefix(" 401")
        }
    }

    /// Prints one set: URL prefixes, an empty line, fields, an empty line. Go compares whole path segments, and a slash
    /// at the end would be one that no URL has.
    private static func print(_ answer: TokenAnswer, for prefix: Bytes) {
        var lines = RawBytes(capacity: 2048)
        lines.append(prefix.last == UInt8(ascii: "/") ? prefix.part(0, prefix.count - 1) : prefix)
        lines.append(literal: "\n\nAuthorization: ")
        answer.appendType(to: &lines)
        lines.append(literal: " ")
        answer.appendToken(to: &lines)
        lines.append(literal: "\n\n")
        lines.withBytes(Console.print(line:))
    }
}
