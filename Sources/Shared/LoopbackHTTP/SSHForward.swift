/// The command that makes a loopback port of this machine a port of the machine with the browser (ssh(1), -L).
public struct SSHForward: Equatable, Sendable {
    /// The command in full, with nothing in it that a shell would read in another way.
    public let command: String

    /// `environment`: of a login at a terminal. `account`: this user's name if the environment does not have it, `host`:
    /// this machine's name; ssh(1) has told which of its addresses reaches it, if it has brought the terminal.
    public init(to place: LoopbackAddress, environment: [String: String], account: String?, host: String) {
        // Behind sudo(8) and su(1) the user who can log in is the former one.
        let names = ["SUDO_USER", "LOGNAME", "USER"].map { environment[$0] } + [account]
        let user = names.lazy.compactMap(\.self).first(where: Self.isName) ?? "USER"
        let server = Self.server(environment["SSH_CONNECTION"])
        let address = server?.address ?? (Self.isName(host) ? host : "HOST")
        let options = server.map { $0.port == 22 ? "" : "-p \($0.port) " } ?? ""
        let target = place.families == [.ipv6] ? "[::1]" : "127.0.0.1"
        command = "ssh \(options)-L \(place.port):\(target):\(place.port) \(user)@\(address)"
    }

    /// Reads the address and the port at which sshd(8) was reached: the last two of four words (ssh(1), ENVIRONMENT).
    private static func server(_ connection: String?) -> (address: String, port: UInt16)? {
        let words = (connection ?? "").split(separator: " ", omittingEmptySubsequences: false)
        // An address with a zone names an interface of this machine.
        guard words.count == 4, let port = UInt16(words[3]), port > 0, !words[2].isEmpty,
            words[2].utf8.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") })
        else { return nil }
        return (String(words[2]), port)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// Whether the text is the same word for a shell, and not an option for ssh(1).
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 255, first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy { byte in
            isHexDigit(byte) || (UInt8(ascii: "g")...UInt8(ascii: "z")).contains(byte | 0x20)
                || "._-".utf8.contains(byte)
        }
    }
}
