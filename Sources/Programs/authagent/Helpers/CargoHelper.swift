internal import AuthagentClient
internal import Formats

/// `cargo-credential-authagent`, a credential provider of cargo: one JSON line for each of its requests, until it
/// closes standard input (The Cargo Book, "Credential Provider Protocol").
enum CargoHelper {
    /// In the configuration of the provider: the token without its type, for registries that want it so.
    private static let bare: StaticString = "--bare"

    static func run(_ arguments: HelperArguments) throws(Failure) {
        guard arguments.count == 0 || arguments.count == 1 && arguments[0].equals("--cargo-plugin") else {
            throw Helper.misuse("the only argument is '--cargo-plugin'")
        }
        Console.print("{\"v\":[1]}")
        var rest = RawBytes(capacity: 2048)
        do throws(Failure) {
            while let line = try HelperInput.line(&rest) { line.withBytes(answer) }
        } catch {
            printError("other", Console.line(error))
            throw error
        }
    }

    private static func answer(_ line: Bytes) {
        guard let request = JSONView(line), let version = request["v"]?.integer else {
            return printError("other", "the request is not a JSON object with a version")
        }
        guard version == 1 else { return printError("other", "unsupported protocol version \(version)") }
        guard request["kind"]?.isPlainText("get") == true else { return printError("operation-not-supported") }
        do throws(Failure) {
            try get(request)
        } catch {
            if error.isNoAccount { return printError("url-not-supported") }
            printError("other", Console.line(error))
        }
    }

    private static func get(_ request: JSONView) throws(Failure) {
        var index = RawBytes(capacity: 512)
        guard let value = request["registry"]?["index-url"], index.append(decoding: value) else {
            throw Failure("the request has no index-url", hint: Helper.usageHint)
        }
        var isBare = false
        request["args"]?.forEachElement { if $0.isPlainText(bare) { isBare = true } }
        try index.withBytes { index throws(Failure) in
            let query = TokenQuery(.url(try HelperURL.checked(withoutKind(index))))
            try HelperConnection().token(query) { answer throws(Failure) in print(answer, isBare: isBare) }
        }
    }

    /// Returns the URL of an index, which may have its kind before the scheme.
    private static func withoutKind(_ index: Bytes) -> Bytes {
        let kind = index.hasPrefix("sparse+") ? 7 : index.hasPrefix("registry+") ? 9 : 0
        return index.dropping(kind)
    }

    private static func print(_ answer: TokenAnswer, isBare: Bool) {
        var json = RawBytes(capacity: 2048)
        json.append(literal: "{\"Ok\":{\"kind\":\"get\",\"token\":\"")
        if isBare {
            answer.appendQuotedToken(to: &json)
        } else {
            answer.appendQuotedAuthorization(to: &json)
        }
        if let expiry = answer.expiry {
            json.append(literal: "\",\"cache\":\"expires\",\"expiration\":")
            json.append(number: expiry)
        } else {
            json.append(literal: "\",\"cache\":\"session\"")
        }
        json.append(literal: ",\"operation_independent\":true}}\n")
        json.withBytes(Console.print(line:))
    }

    private static func printError(_ kind: StaticString, _ message: String? = nil) {
        var json = RawBytes(capacity: 512)
        json.append(literal: "{\"Err\":{\"kind\":\"")
        json.append(literal: kind)
        json.append(literal: "\"")
        if let message {
            json.append(literal: ",\"message\":")
            json.append(json: message)
        }
        json.append(literal: "}}\n")
        json.withBytes(Console.print(line:))
    }
}
