internal import Formats

extension ReplyFields {
    /// The OAuth error in the reply, in the server's raw words; `nil` if there is none.
    ///
    /// A textual `error` decides alone (RFC 6749 §5.2). Some servers send an object or a list, use `errors`, or put the
    /// code into another member; that counts only for a known code, because gateways use these names too. A repeated
    /// status is not an OAuth error.
    func error(status: Int) -> (code: String, detail: String?)? {
        if let code = string("error"), isCode(code, status: status) { return (code, message) }
        let described = ["error", "errors"].lazy.compactMap { self.described(self[$0], status: status) }.first
        if let described, let code = described.code, ErrorCode(word: code) != nil {
            return (code, described.detail ?? message)
        }
        // A reply with a token is an error only if it has the member `error`.
        guard described != nil || text("access_token", "accessToken") == nil else { return nil }
        if let code = knownWord { return (code, message == code ? nil : message) }
        if let described { return (described.code ?? "unknown_error", described.detail ?? message) }
        // These names are unambiguous, so an unknown code counts as the server's own refusal.
        guard (400...499).contains(status), let code = string("error_code", "errorCode") else { return nil }
        return (code, message)
    }

    /// The reply's message for users, with or without an OAuth error.
    var message: String? {
        if let text = text("error_description", "errorDescription", "message", "error_message", "errorMessage") {
            return text
        }
        if let text = text("error_msg", "msg", "errorSummary", "detail", "title", "description") { return text }
        guard case .object(let members)? = self["error"] else { return nil }
        return ReplyFields(members).text("message", "error_description", "detail")
    }

    /// Whether `text` is an error code: frameworks (Spring, NestJS, Twitch) send the status's phrase as `error`.
    private func isCode(_ text: String, status: Int) -> Bool {
        ErrorCode(word: text) != nil || self.text("error_description") != nil
            || !ReasonPhrase.repeats(text, status: status)
    }

    /// The first member whose value maps to a known error code.
    private var knownWord: String? {
        // The most precise first: Facebook's `code` is about the session, its `error_subcode` about the device code.
        let names = [
            "error_subcode", "error", "error_code", "errorCode", "error_type", "errorType", "code", "__type", "type",
            "reason", "status", "message", "error_message", "errorMessage", "error_msg", "msg",
        ]
        return names.lazy.compactMap { text($0) }.first { ErrorCode(word: $0) != nil }
    }

    /// Returns the code and message of an error that is an object, the first of a list, or a number; `nil` if it is
    /// empty, as some successes have it, or only repeats the status.
    private func described(_ value: JSONValue?, status: Int) -> (code: String?, detail: String?)? {
        switch value {
        case .object(let members):
            let fields = ReplyFields(members)
            // Strava: the member at fault and its problem.
            if let field = fields.string("field"), let code = fields.string("code"),
                InvalidRefreshTokenWords.contain("\(code)_\(field)")
            {
                return ("\(code)_\(field)", fields.message)
            }
            if let word = fields.knownWord { return (word, fields.message == word ? nil : fields.message) }
            if let code = fields.string("error", "errorType", "code", "status", "type", "reason") ?? fields.text("code")
            {
                return ReasonPhrase.repeats(code, status: status) ? nil : (code, fields.message)
            }
            return fields.message.map { (nil, $0) }
        case .array(let elements):
            guard let first = elements.first else { return nil }
            // Nested lists are not an error format.
            if case .array = first { return nil }
            return described(first, status: status)
        case .string(let text):
            return text.isEmpty || ReasonPhrase.repeats(text, status: status) ? nil : (text, nil)
        case .number(let text):
            return Double(text) == 0 || ReasonPhrase.repeats(text, status: status) ? nil : (text, nil)
        case .bool(true): return (nil, nil)
        default: return nil
        }
    }
}
