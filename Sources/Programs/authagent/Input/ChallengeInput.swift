internal import AgentAPI
internal import Formats
internal import Glibc
internal import System

/// Reads a service's refusal from standard input, as 'curl -i' prints it.
enum ChallengeInput {
    /// A larger body is left unread, and its writer gets an error.
    private static let longestBody = 16 * 1024 * 1024

    /// Returns the challenge; `nil` for status 401 without one.
    static func read() throws -> String? {
        var bytes: [UInt8] = []
        if isatty(STDIN_FILENO) == 1 { Console.note("paste the response's head, and end it with Ctrl-D") }
        if let code = SystemCall.readAll(STDIN_FILENO, into: &bytes, limit: ResponseHeads.longest) {
            throw Failure("cannot read standard input: \(String(cString: strerror(code)))")
        }
        // curl(1) reports an error if its output is closed before the end of the body.
        drain()
        let heads: ResponseHeads
        do throws(ResponseHeads.Rejection) { heads = try ResponseHeads(parsing: bytes) } catch { throw failure(error) }
        return try heads.challenge.map(check)
    }

    static func check(_ challenge: String) throws -> String {
        guard !challenge.isEmpty, challenge.utf8.count <= RejectedToken.longestChallenge,
            challenge.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F })
        else {
            throw Failure(
                "the challenge is empty, longer than \(RejectedToken.longestChallenge) bytes, or has control characters",
                hint: "give the value of the response's field WWW-Authenticate", code: .usage)
        }
        return challenge
    }

    private static func drain() {
        var part = [UInt8](repeating: 0, count: 16 * 1024)
        var left = longestBody
        while left > 0 {
            let count = SystemCall.uninterrupted { Glibc.read(STDIN_FILENO, &part, part.count) }
            guard count > 0 else { return }
            left -= count
        }
    }

    private static func failure(_ error: ResponseHeads.Rejection) -> Failure {
        switch error {
        case .notAHead:
            Failure(
                "standard input does not begin with the head of an HTTP response",
                hint: "give what 'curl -si' prints, or the challenge with --challenge", code: .usage)
        case .controlCharacter:
            Failure("the response's head has control characters", hint: "give what 'curl -si' prints", code: .usage)
        case .tooLong:
            Failure(
                "the response's head is longer than \(ResponseHeads.longest) bytes",
                hint: "give the challenge with --challenge", code: .usage)
        case .notARefusal(let status):
            Failure(
                "the service has not refused the token: its response has status \(status) and no challenge",
                hint: "request another token only after status 401, or a field WWW-Authenticate")
        }
    }
}
