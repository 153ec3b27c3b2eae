import OAuth
import SecretMemory
import Synchronization
import Testing

/// A transport that answers from a script, in order, and records the requests.
final class ScriptedTransport: HTTPTransport {
    enum Step: Sendable {
        case reply(HTTPResponse)
        case failure(TransportFailure)
    }

    private struct State {
        var steps: [Step]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>

    init(_ steps: [Step]) { state = Mutex(State(steps: steps)) }

    convenience init(_ responses: HTTPResponse...) { self.init(responses.map { .reply($0) }) }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let step = state.withLock { state -> Step in
            state.requests.append(request)
            return state.steps.isEmpty ? .failure(.unreachable("the script has ended")) : state.steps.removeFirst()
        }
        switch step {
        case .reply(let response): return response
        case .failure(let failure): throw failure
        }
    }
}

extension HTTPResponse {
    init(_ status: Int, _ body: String = "", _ headers: [(name: String, value: String)] = []) {
        self.init(status: status, headers: headers, body: Array(body.utf8))
    }
}

extension HTTPRequest {
    /// The form parameters of the body, in order.
    var form: [String] {
        body?.revealedText().split(separator: "&").map(String.init) ?? []
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

func fields(_ json: String) throws -> ReplyFields {
    try #require(ReplyReader.read(Array(json.utf8)).fields)
}
