extension ReplyFields {
    /// The OAuth error in the reply, in the server's raw words; nil if there is none.
    ///
    /// RFC 6749 §5.2 has `error` as text. Some servers make it an object, a list, or call it `errors`; Twitch puts the
    /// code into `message`, which counts only if it is a code, because gateways say `message` as well.
    var error: (code: String, detail: String?)? {
        if let code = string("error") { return (code, message) }
        if let described = Self.described(self["error", "errors"]) {
            return (described.code ?? "unknown_error", described.detail ?? message)
        }
        if let code = string("message"), ErrorCode(rawValue: code) != nil { return (code, nil) }
        return nil
    }

    /// What the reply says to people, with or without an OAuth error.
    var message: String? { text("error_description", "message", "error_message", "detail") }

    /// The code and the words of an error that is an object, or the first of a list. Nil if there is neither, because
    /// a success may come with an empty one.
    private static func described(_ value: JSONValue?) -> (code: String?, detail: String?)? {
        switch value {
        case .object(let members):
            let fields = ReplyFields(members)
            let code = fields.string("error", "errorType", "code", "status", "type") ?? fields.text("code")
            return code == nil && fields.message == nil ? nil : (code, fields.message)
        case .array(let elements):
            guard let first = elements.first else { return nil }
            if case .string(let text) = first { return text.isEmpty ? nil : (text, nil) }
            // Not `described(first)`: a list in a list is nobody's error.
            guard case .object = first else { return nil }
            return described(first)
        default: return nil
        }
    }
}
