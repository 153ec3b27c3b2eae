internal import AuthagentClient
internal import Formats

/// The URLs of all accounts, for contracts that want them at once. Used seldom, so texts do no harm.
enum AccountURLs {
    /// Returns the URLs, sorted, each once.
    static func all(_ connection: HelperConnection) throws(Failure) -> [String] {
        let path: StaticString = "/v1/accounts"
        let request = PlainRequest.get(Bytes(start: path.utf8Start, count: path.utf8CodeUnitCount))
        var urls: Set<String> = []
        try connection.reply(to: request) { status throws(Failure) in
            status["accounts"]?.forEachElement { account in
                account["urls"]?.forEachElement { url in
                    if let text = url.text { urls.insert(text) }
                }
            }
        }
        return urls.sorted()
    }
}

extension RawBytes {
    init(_ text: String) {
        self.init(capacity: text.utf8.count)
        append(text)
    }
}
