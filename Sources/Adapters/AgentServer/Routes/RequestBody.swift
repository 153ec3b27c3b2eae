internal import AgentAPI
internal import Formats
internal import OAuth
internal import SecretMemory

/// Request bodies.
extension Router {
    /// Requires JSON, also for an empty body: a web page can send other types to another site without a preflight
    /// request (Fetch, "CORS-safelisted request-header").
    func requireJSON(_ request: APIRequest) throws(Problem) {
        guard isJSON(request) else {
            throw Problem(
                .unsupportedMediaType, "the body is not application/json in UTF-8",
                hint: "send 'Content-Type: application/json'"
            )
        }
    }

    /// Decodes the body; `nil` if it is empty.
    func body<Value: Decodable>(_ request: APIRequest, _ type: Value.Type) throws(Problem) -> Value? {
        guard !request.body.isEmpty else { return nil }
        // Decoding leaves copies on the stack, and the body may hold a passphrase or a token.
        defer { DeadStack.clear() }
        try requireJSON(request)
        try requireOneMeaning(request.body)
        do { return try APIJSON.decode(type, from: request.body) } catch {
            throw Problem(.badRequest, "the body does not match this request", hint: "see authagent-api(7)")
        }
    }

    func requiredBody<Value: Decodable>(_ request: APIRequest, _ type: Value.Type) throws(Problem) -> Value {
        guard let value = try body(request, type) else {
            throw Problem(.badRequest, "the body is missing", hint: "see authagent-api(7)")
        }
        return value
    }

    /// Whether the body is JSON in UTF-8. A missing Content-Type counts as JSON, the only type here.
    private func isJSON(_ request: APIRequest) -> Bool {
        guard request.contentEncodings.allSatisfy({ $0.lowercased() == "identity" }) else { return false }
        guard let contentType = request.contentTypes.first else { return true }
        let parts = contentType.lowercased().split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        return request.contentTypes.count == 1 && parts.first == "application/json"
            && parts.dropFirst().allSatisfy { parameter in
                !parameter.hasPrefix("charset=") || ["charset=utf-8", "charset=\"utf-8\""].contains(parameter)
            }
    }

    /// Refuses ambiguous bodies. JSONDecoder accepts UTF-16, a byte order mark and duplicate members, which another
    /// parser of the same bytes, such as a filter in between, may read differently.
    private func requireOneMeaning(_ body: WipedBytes) throws(Problem) {
        let hint = "see authagent-api(7)"
        guard String(validating: body, as: UTF8.self) != nil else {
            throw Problem(.badRequest, "the body is not UTF-8", hint: hint)
        }
        do throws(JSONRejection) { _ = try JSONReader.read(body) } catch {
            let detail =
                switch error {
                case .duplicateMember: "the body has a duplicate member"
                case .tooLarge, .tooDeep, .tooManyValues: "the body is nested too deep, or has too many values"
                case .malformed(let offset): "the body is not JSON: error at byte \(offset)"
                }
            throw Problem(.badRequest, detail, hint: hint)
        }
    }
}
