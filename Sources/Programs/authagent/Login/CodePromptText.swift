internal import AgentAPI
internal import Glibc
internal import LoopbackHTTP
internal import System

/// The steps of a login in a browser: on this machine, on one with a forwarded port, or on any other by pasting.
struct CodePromptText {
    let lines: [String]

    /// `isPasted`: this program takes a pasted address. `isBrowserHere`: it listens for the browser.
    init(_ prompt: LoginPrompt, account: AccountName, isPasted: Bool, isBrowserHere: Bool) {
        // Alone on its line and without indentation: a terminal copies a wrapped line as one.
        var lines = ["open this address in a browser:", "", prompt.authorizationURI ?? "", ""]
        // It names the address of the two at which the agent listens.
        if let short = prompt.shortURI, let place = LoopbackAddress(parsing: short), !isBrowserHere {
            lines += [
                "  if the browser is on another machine, run this there, and open the short address:",
                "    \(Self.forward(place))",
                "    \(short)",
                "  or log in at the long one; the browser then ends at a page that it cannot show:",
                "    \(Self.paste(account, isPasted))",
            ]
        } else if isBrowserHere {
            if let short = prompt.shortURI { lines.append("  or:     \(short)") }
            lines += ["  the browser must be on this machine; otherwise:", "    \(Self.paste(account, isPasted))"]
        } else {
            lines += ["  when the browser has ended at \(prompt.redirectURI ?? "its last page"):"]
            lines += ["    \(Self.paste(account, isPasted))"]
        }
        lines.append("  paste it only here: a person or page that asks you for it wants your account")
        self.lines = lines
    }

    private static func paste(_ account: AccountName, _ isPasted: Bool) -> String {
        isPasted
            ? "paste that page's whole address here, and press Enter"
            : "give that page's whole address to 'authagent login \(account) --paste'"
    }

    private static func forward(_ place: LoopbackAddress) -> String {
        var name = utsname()
        uname(&name)
        let host = withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let environment = processEnvironment()
        return SSHForward(
            to: place, environment: environment, account: UserNumbers.name(of: getuid()), host: host
        ).command
    }
}
