internal import AgentAPI
internal import AuthagentClient
internal import Formats
internal import Glibc

/// `git credential-authagent OPERATION` (gitcredentials(7)).
enum GitHelper {
    static func run(_ arguments: HelperArguments) throws(Failure) {
        let operation = arguments[0]
        if operation.equals("get") {
            try withInput(get)
        } else if operation.equals("store") {
            try withInput(GitEviction.run)
        } else if operation.equals("erase") {
            try withInput(erase)
        } else if operation.equals("evict-later") {
            try withInput(GitEviction.runLater)
        } else if operation.equals("capability") {
            Console.print("version 0\ncapability authtype")
        } else if arguments.count == 0 {
            throw Helper.misuse("give an operation, such as 'get'")
        }
        // Later versions of git may have other operations, which a helper ignores.
    }

    private static func withInput(_ use: (GitInput) throws(Failure) -> Void) throws(Failure) {
        let bytes = try HelperInput.read(until: GitInput.isComplete)
        try bytes.withBytes { bytes throws(Failure) in try use(try GitInput(bytes)) }
    }

    private static func get(_ input: GitInput) throws(Failure) {
        try input.withURL { url throws(Failure) in
            do throws(Failure) {
                let query = TokenQuery(.url(url, username: input.username))
                try HelperConnection().token(query) { answer throws(Failure) in
                    line(of: answer, for: input).withBytes(Console.print(line:))
                }
            } catch {
                // git asks the next helper, or the user.
                if error.isNoAccount || isUnserved(input, error) { return }
                // The host is ours, so no password that a user could type would help.
                if concernsAccount(error) { Console.print("quit=1") }
                throw error
            }
        }
    }

    /// Whether the agent refuses the URL because plain http leaves this machine: no account can have it.
    private static func isUnserved(_ input: GitInput, _ failure: Failure) -> Bool {
        input.scheme.equals("http") && failure.problemCode == "bad_request"
    }

    /// The default is what most servers take beside an OAuth token, where the name counts at all.
    private static let username: StaticString = "oauth2"

    private static func line(of answer: TokenAnswer, for input: GitInput) -> RawBytes {
        var lines = RawBytes(capacity: 2048)
        if input.takesBearer {
            // git reads the rest only after this line.
            lines.append(literal: "capability[]=authtype\nauthtype=")
            answer.appendType(to: &lines)
            lines.append(literal: "\ncredential=")
            answer.appendToken(to: &lines)
            lines.append(literal: "\nephemeral=1\n")
        } else {
            lines.append(literal: "username=")
            if let name = answer["git_username"] {
                _ = lines.append(decoding: name)
            } else {
                lines.append(literal: username)
            }
            lines.append(literal: "\npassword=")
            answer.appendToken(to: &lines)
            lines.append(literal: "\n")
        }
        if let expiry = answer.expiry {
            lines.append(literal: "password_expiry_utc=")
            lines.append(number: expiry)
            lines.append(literal: "\n")
        }
        return lines
    }

    /// Whether an account has the URL, and its token is what is missing.
    private static func concernsAccount(_ failure: Failure) -> Bool {
        switch failure.problemCode {
        case "agent_unreachable", "failed", "bad_request", "internal_error", "not_found", "too_large": false
        default: true
        }
    }

    /// git sends what a server has refused, of any helper; the agent renews the token only if it is the account's.
    private static func erase(_ input: GitInput) throws(Failure) {
        guard !GitEviction.isRunning, let secret = input.credential ?? input.password, !secret.isEmpty else { return }
        try input.withURL { url throws(Failure) in
            do throws(Failure) {
                let connection = try HelperConnection()
                let account = try connection.account(of: url, username: input.username)
                let rejection = TokenRejection(tokenSHA256: TokenDigest.sha256(secret))
                _ = try connection.ask(.rejectToken(account, rejection))
            } catch let failure where failure.isUnmapped || isUnserved(input, failure) {
                // A password of another host, or of another helper.
            }
        }
    }
}
