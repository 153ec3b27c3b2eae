internal import AgentAPI

/// Options of other programs' logins that this program does not have on purpose, with the reason and what to use. They
/// are looked up when a command line could not be parsed, so that a value is never repeated.
enum RefusedOptions {
    /// The first refused option among the arguments of 'authagent login'; `nil` without one.
    static func failure(in arguments: [String]) -> Failure? {
        for (place, argument) in arguments.enumerated() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard argument.hasPrefix("-"), let option = parts.first.map(String.init) else { continue }
            let value = parts.count > 1 ? String(parts[1]) : arguments.dropFirst(place + 1).first
            if let failure = failure(option, value) { return failure }
        }
        return nil
    }

    private static func failure(_ option: String, _ value: String?) -> Failure? {
        switch option {
        case "--implicit":
            Failure(
                "the implicit grant is not supported: it puts the token into the browser's address (RFC 9700 section 2.1.2)",
                hint: "use '--code', the authorization code grant with PKCE", code: .usage)
        case "--password", "--username", "--user", "--password-file", "--passwd":
            Failure(
                "the password grant is not supported: it gives the user's password to this program (RFC 9700 section 2.4)",
                hint: "use '--code' or '--device', and log in at the provider's own page", code: .usage)
        case "--response-type": responseType(value)
        case "--no-browser", "--no-launch-browser", "--headless":
            Failure(
                "a browser is never opened, unless you use --browser-here",
                hint: "use '--code', and open the address on any machine", code: .usage)
        case "--oob", "--out-of-band":
            Failure(
                "out-of-band redirects (urn:ietf:wg:oauth:2.0:oob) are not supported: any page can ask for the code",
                hint: "use '--code', and paste the address of the page that the browser ends at", code: .usage)
        case "--pkce-method", "--code-challenge-method":
            Failure(
                "PKCE is always used with S256: 'plain' shows the verifier in the address (RFC 9700 section 2.1.1)",
                hint: "use '--code' without this option", code: .usage)
        case "--grant": grant(value)
        case "--grant-type":
            grant(value)
                ?? Failure(
                    "the grant is an option of its own", hint: "use '--code', '--device', '--ciba' or '--grant NAME'",
                    code: .usage)
        case "--client-secret", "--registration-token":
            Failure(
                "secrets are not taken as arguments, which every user of this machine can read",
                hint: "use '\(option)-file FILE', or '\(option)-file -' for standard input", code: .usage)
        default: nil
        }
    }

    private static func responseType(_ value: String?) -> Failure {
        let isImplicit = value.map { $0 != "code" } ?? false
        return isImplicit
            ? Failure(
                "the response type is always 'code': others put tokens into the browser's address (RFC 9700 section 2.1.2)",
                hint: "use '--code', the authorization code grant with PKCE", code: .usage)
            : Failure("the response type is always 'code'", hint: "use '--code' without this option", code: .usage)
    }

    /// Why a grant that this program does not have on purpose is refused; `nil` of any other name.
    private static func grant(_ value: String?) -> Failure? {
        switch value {
        case "implicit"?, "token"?: failure("--implicit", nil)
        case "password"?: failure("--password", nil)
        default: nil
        }
    }
}
