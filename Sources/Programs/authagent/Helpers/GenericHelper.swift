internal import AuthagentClient
internal import Formats

/// The credential helper of Bazel, buck2 and others (EngFlow's credential-helper-spec).
enum GenericHelper {
    static func run(_ arguments: HelperArguments) throws(Failure) {
        guard arguments.count == 1, arguments[0].equals("get") else {
            throw Helper.misuse("the only command is 'get'")
        }
        let input = try HelperInput.all()
        try input.withBytes { input throws(Failure) in
            var uri = RawBytes(capacity: 512)
            guard let value = JSONView(input)?["uri"], uri.append(decoding: value) else {
                throw Failure("standard input is not a JSON object with 'uri'", hint: Helper.usageHint)
            }
            try uri.withBytes { uri throws(Failure) in
                let query = TokenQuery(.url(try HelperURL.checked(uri)))
                try HelperConnection().token(query) { answer throws(Failure) in print(answer) }
            }
        }
    }

    private static func print(_ answer: TokenAnswer) {
        var json = RawBytes(capacity: 2048)
        json.append(literal: "{\"headers\":{\"Authorization\":[\"")
        answer.appendQuotedAuthorization(to: &json)
        json.append(literal: "\"]}")
        if let expiry = answer.expiry {
            json.append(literal: ",\"expires\":\"")
            json.append(time: expiry)
            json.append(literal: "\"")
        }
        json.append(literal: "}\n")
        json.withBytes(Console.print(line:))
    }
}
