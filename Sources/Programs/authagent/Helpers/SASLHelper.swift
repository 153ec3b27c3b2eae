internal import AuthagentClient
internal import Formats

/// The initial response of a SASL mechanism with an access token, for scripts that speak IMAP or SMTP themselves.
enum SASLHelper {
    static func run(_ arguments: HelperArguments) throws(Failure) {
        let options = try Options(arguments)
        try HelperConnection().token(try TokenQuery(account: options.account)) { answer throws(Failure) in
            var response = RawBytes(capacity: 2048)
            if options.isOAuthBearer {
                // RFC 7628 §3.1, and RFC 5801 §4 for the name.
                response.append(literal: "n,a=")
                for byte in options.user {
                    switch byte {
                    case UInt8(ascii: ","): response.append(literal: "=2C")
                    case UInt8(ascii: "="): response.append(literal: "=3D")
                    default: response.append(byte: byte)
                    }
                }
                response.append(literal: ",\u{1}")
                append("host=", options.host, to: &response)
                append("port=", options.port, to: &response)
            } else {
                append("user=", options.user, to: &response)
            }
            response.append(literal: "auth=Bearer ")
            answer.appendToken(to: &response)
            response.append(literal: "\u{1}\u{1}")
            var line = RawBytes(capacity: response.count * 4 / 3 + 8)
            response.withBytes { line.append(base64: $0) }
            line.append(literal: "\n")
            line.withBytes(Console.print(line:))
        }
    }

    private static func append(_ key: StaticString, _ value: Bytes?, to response: inout RawBytes) {
        guard let value else { return }
        response.append(literal: key)
        response.append(value)
        response.append(literal: "\u{1}")
    }

    private struct Options {
        private(set) var account: Bytes
        private(set) var user: Bytes
        private(set) var isOAuthBearer: Bool
        private(set) var host: Bytes?
        private(set) var port: Bytes?

        init(_ arguments: HelperArguments) throws(Failure) {
            var (account, mechanism, user): (Bytes?, Bytes?, Bytes?)
            var index = 0
            while index < arguments.count {
                let argument = arguments[index]
                index += 1
                func value(_ option: StaticString) throws(Failure) -> Bytes? {
                    if argument.equals(option) {
                        guard index < arguments.count else { throw Helper.misuse("\(option) needs a value") }
                        index += 1
                        return arguments[index - 1]
                    }
                    let length = option.utf8CodeUnitCount
                    guard argument.hasPrefix(option), argument.count > length, argument[length] == UInt8(ascii: "=")
                    else { return nil }
                    return argument.dropping(length + 1)
                }
                if let text = try value("--mechanism") {
                    mechanism = text
                } else if let text = try value("--user") {
                    user = text
                } else if let text = try value("--host") {
                    host = text
                } else if let text = try value("--port") {
                    port = text
                } else if argument.first != UInt8(ascii: "-"), account == nil {
                    account = argument
                } else {
                    throw Helper.misuse("unexpected argument '\(argument.text)'")
                }
            }
            guard let account, let mechanism, let user, !user.isEmpty else {
                throw Helper.misuse("give the account's name, --mechanism and --user")
            }
            guard mechanism.equalsIgnoringCase("OAUTHBEARER") || mechanism.equalsIgnoringCase("XOAUTH2") else {
                throw Helper.misuse("--mechanism must be XOAUTH2 or OAUTHBEARER")
            }
            // A control character would end the field.
            for text in [user, host, port].compactMap({ $0 }) where text.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                throw Helper.misuse("a value has a control character")
            }
            if let port, port.isEmpty || port.count > 5 || !port.allSatisfy({ (0x30...0x39).contains($0) }) {
                throw Helper.misuse("--port must be a number")
            }
            (self.account, self.user) = (account, user)
            isOAuthBearer = mechanism.equalsIgnoringCase("OAUTHBEARER")
        }
    }
}
