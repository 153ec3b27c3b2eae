/// The clients of a loopback server, which decide what is read strictly and how errors are told.
public enum LoopbackClients: Sendable {
    /// Programs that were given the address. `errorBody` makes the body of an error, in JSON, from a status and its text.
    case programs(errorBody: @Sendable (Int, String) -> [UInt8])
    /// Web browsers, which send cookies of every other port, long addresses, and HEAD.
    case browsers

    /// In bytes. Requests of programs have some hundred; a code may have kilobytes, and cookies come with it.
    var longestHead: Int {
        switch self {
        case .programs: 8 * 1024
        case .browsers: 64 * 1024
        }
    }

    var reading: LoopbackRequest.Reading {
        switch self {
        case .programs: .strict
        case .browsers: .lenient
        }
    }

    func takes(_ method: String) -> Bool {
        switch self {
        case .programs: method == "GET"
        case .browsers: method == "GET" || method == "HEAD"
        }
    }

    /// Whether a request with the field Origin is refused: programs send none, and a web page's is.
    var refusesOrigin: Bool {
        switch self {
        case .programs: true
        case .browsers: false
        }
    }

    func reply(to rejection: LoopbackRequest.Rejection) -> LoopbackReply {
        switch self {
        case .programs(let errorBody):
            LoopbackReply(status: rejection.status, json: errorBody(rejection.status, rejection.detail))
        case .browsers:
            .page(
                rejection.status, title: "Not accepted",
                ["The request cannot be used: \(rejection.detail).", "A login that waits goes on."])
        }
    }
}
