internal import AgentAPI
internal import Formats
internal import OAuth
internal import SecretMemory

/// Reads a request's body.
extension Router {
    /// A web page can send other types to another site without asking first (Fetch, "CORS-safelisted request-header"), with
    /// or without a body.
    func requireJSON(_ request: APIRequest) throws(Problem) {
        guard isJSON(request) else {
            throw Problem(
                .unsupportedMediaType, "the body is not application/json in UTF-8",
                hint: "send 'Content-Type: application/json'"
            )
        }
    }

    /// Nil for an empty body.
    func body<Value: Decodable>(_ request: APIRequest, _ type: Value.Type) throws(Problem) -> Value? {
        guard !request.body.isEmpty else { return nil }
        // It may have a passphrase in it, or a token.
        defer { DeadStack.clear() }
        try requireJSON(request)
        try requireOneMeaning(request.body)
        do { return try APIJSON.decode(type, from: request.body) } catch {
            throw Problem(.badRequest, "the body is not the JSON that belongs here", hint: "see authagent-api(7)")
        }
    }

    func requiredBody<Value: Decodable>(_ request: APIRequest, _ type: Value.Type) throws(Problem) -> Value {
        guard let value = try body(request, type) else {
            throw Problem(.badRequest, "the body is missing", hint: "see authagent-api(7)")
        }
        return value
    }

    /// Without a Content-Type it is taken for JSON, which is all that there could be here.
    private func isJSON(_ request: APIRequest) -> Bool {
        guard request.contentEncodings.allSatisfy({ $0.lowercased() == "identity" }) else { return false }
        guard let contentType = request.contentTypes.first else { return true }
        let parts = contentType.lowercased().split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        return request.contentTypes.count == 1 && parts.first == "application/json"
            && parts.dropFirst().allSatisfy { parameter in
                !parameter.hasPrefix("charset=") || ["charset=utf-8", "charset=\"utf-8\""].contains(parameter)
            }
    }

    /// JSONDecoder takes UTF-16 and a byte order mark as well, and one of two members of the same name: another reader
    /// of the same bytes, such as a filter in between, may see something else.
    private func requireOneMeaning(_ body: WipedBytes) throws(Problem) {
        let hint = "see authagent-api(7)"
        guard String(validating: body, as: UTF8.self) != nil else {
            throw Problem(.badRequest, "the body is not UTF-8", hint: hint)
        }
        do throws(JSONRejection) { _ = try JSONReader.read(body) } catch {
            let detail =
                switch error {
                case .duplicateMember: "the body has a member twice"
                case .tooLarge, .tooDeep, .tooManyValues: "the body is nested too deep, or has too many values"
                case .malformed(let offset): "the body is no JSON: see byte \(offset)"
                }
            throw Problem(.badRequest, detail, hint: hint)
        }
    }
}
