/// HTTP's reason phrases (RFC 9110 §15). Frameworks and gateways put them where an OAuth error would be.
enum ReasonPhrase {
    private static let phrases: [Int: Set<String>] = [
        400: ["Bad Request"], 401: ["Unauthorized"], 403: ["Forbidden"], 404: ["Not Found"],
        405: ["Method Not Allowed"], 406: ["Not Acceptable"], 408: ["Request Timeout"], 409: ["Conflict"],
        410: ["Gone"], 415: ["Unsupported Media Type"], 422: ["Unprocessable Entity", "Unprocessable Content"],
        428: ["Precondition Required"], 429: ["Too Many Requests"], 500: ["Internal Server Error"],
        501: ["Not Implemented"], 502: ["Bad Gateway"], 503: ["Service Unavailable"], 504: ["Gateway Timeout"],
    ]

    /// Whether `text` only repeats the status: `404`, `Not Found` or `404 Not Found`.
    static func repeats(_ text: String, status: Int) -> Bool {
        let number = "\(status)"
        if text == number { return true }
        let phrase = text.hasPrefix(number + " ") ? String(text.dropFirst(number.count + 1)) : text
        return phrases[status]?.contains(phrase) ?? false
    }
}
