internal import AuthagentClient
internal import Formats

/// The command `keyring` of the Python package of that name, as pip and uv call it, and what else of it concerns a
/// password to be read. pip looks for the first one in PATH, so it is installed outside of it.
enum KeyringHelper {
    static func run(_ arguments: HelperArguments) throws(Failure) {
        let options = try Options(arguments)
        guard options.operation.equals("get") else {
            if options.operation.equals("set") { _ = try HelperInput.all() }
            throw Failure(
                "no passwords are stored here", hint: "run 'authagent login NAME', or 'authagent logout NAME'")
        }
        try HelperURL.ofService(options.service) { url throws(Failure) in
            let connection = try HelperConnection()
            do throws(Failure) {
                try print(connection, TokenQuery(.url(url)), options)
            } catch let failure where failure.problemCode == "ambiguous_account" && !options.username.isEmpty {
                try print(connection, TokenQuery(.url(url, username: options.username)), options)
            }
        }
    }

    private static func print(
        _ connection: HelperConnection, _ query: TokenQuery, _ options: Options
    ) throws(Failure) {
        try connection.token(query) { answer throws(Failure) in
            var text = RawBytes(capacity: 2048)
            if options.isJSON {
                text.append(literal: "{")
                if options.hasUsername {
                    text.append(literal: "\"username\":")
                    text.append(json: username(answer, options))
                    text.append(literal: ",")
                }
                text.append(literal: "\"password\":\"")
                answer.appendQuotedToken(to: &text)
                text.append(literal: "\"}\n")
            } else {
                if options.hasUsername {
                    text.append(username(answer, options))
                    text.append(literal: "\n")
                }
                answer.appendToken(to: &text)
                text.append(literal: "\n")
            }
            text.withBytes(Console.print(line:))
        }
    }

    private static func username(_ answer: TokenAnswer, _ options: Options) -> String {
        options.username.isEmpty ? answer["registry_username"]?.text ?? "oauth2" : options.username.text
    }

    private struct Options {
        private(set) var operation = Bytes(start: nil, count: 0)
        private(set) var service = Bytes(start: nil, count: 0)
        private(set) var username = Bytes(start: nil, count: 0)
        /// Whether the user name is printed before the password.
        private(set) var hasUsername = false
        private(set) var isJSON = false

        /// Options may stand before and after the operation.
        init(_ arguments: HelperArguments) throws(Failure) {
            var (index, places) = (0, 0)
            while index < arguments.count {
                let argument = arguments[index]
                index += 1
                guard argument.hasPrefix("-") else {
                    switch places {
                    case 0: operation = argument
                    case 1: service = argument
                    case 2: username = argument
                    default: throw Helper.misuse("unexpected argument '\(argument.text)'")
                    }
                    places += 1
                    continue
                }
                let equals = argument.place(of: "=")
                let name = argument.part(0, equals ?? argument.count)
                guard
                    let value = equals.map({ argument.dropping($0 + 1) })
                        ?? (index < arguments.count ? arguments[index] : nil)
                else { throw Helper.misuse("\(argument.text) needs a value") }
                if equals == nil { index += 1 }
                try read(name, value)
            }
            let isKnown = operation.equals("get") || operation.equals("set") || operation.equals("del")
            guard isKnown, !service.isEmpty else { throw Helper.misuse("give 'get' and a service") }
            guard !username.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw Helper.misuse("the user name has a control character")
            }
        }

        private mutating func read(_ name: Bytes, _ value: Bytes) throws(Failure) {
            if name.equals("--mode"), value.equals("creds") || value.equals("password") {
                hasUsername = value.equals("creds")
            } else if name.equals("--output"), value.equals("json") || value.equals("plain") {
                isJSON = value.equals("json")
            } else if !["-p", "--keyring-path", "-b", "--keyring-backend"].contains(name.text) {
                throw Helper.misuse("unexpected option '\(name.text)' or its value")
            }
        }
    }
}
