package import AgentAPI

/// The command of a login, on one line that a person can paste into a POSIX shell.
package struct LoginCommandLine: Sendable {
    package var account: AccountName
    package var acrValues: [String]
    package var maxAge: Int?
    package var isElevated: Bool
    /// Instead of the account's; empty for these.
    package var scopes: [String]
    /// As JSON text.
    package var claims: String?
    /// Whether the login is by code, whatever the account's grant is.
    package var isByCode = false

    package init(
        _ account: AccountName, acrValues: [String] = [], maxAge: Int? = nil, isElevated: Bool = false,
        scopes: [String] = [], claims: String? = nil
    ) {
        self.account = account
        self.acrValues = acrValues
        self.maxAge = maxAge
        self.isElevated = isElevated
        self.scopes = scopes
        self.claims = claims
    }

    package var text: String {
        var words = ["authagent", "login", account.description]
        if !acrValues.isEmpty { words.append(Self.option("--acr", acrValues.joined(separator: " "))) }
        if let maxAge { words += ["--max-age", "\(maxAge)"] }
        if isElevated { words.append("--elevate") }
        if isByCode { words.append("--code") }
        words += scopes.map { Self.option("--scope", $0) }
        if let claims { words.append(Self.option("--claims", Self.visible(claims))) }
        return words.joined(separator: " ")
    }

    private static func option(_ name: String, _ value: String) -> String {
        // A value that begins like an option is taken for one if it stands by itself.
        name + (value.hasPrefix("-") ? "=" : " ") + quoted(value)
    }

    /// Whether a shell takes the character as it stands.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._/:@%+,".utf8.contains(byte)
        }
    }

    /// A quotation mark ends the quotation, stands outside of it, and the next begins (POSIX.1-2017, shell, §2.2.2).
    private static func quoted(_ text: String) -> String {
        if !text.isEmpty, text.utf8.allSatisfy(isPlain) { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// Returns JSON text in visible ASCII and spaces: other characters stand in strings only, where they can be escaped.
    private static func visible(_ json: String) -> String {
        var text = ""
        for unit in json.utf16 {
            switch unit {
            case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            // White space between two tokens (RFC 8259 §2).
            case 0x09, 0x0A, 0x0D: text.append(" ")
            default:
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return text
    }
}
