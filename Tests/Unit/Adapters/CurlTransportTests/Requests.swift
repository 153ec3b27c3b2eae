import CurlTransport
import Foundation
import OAuth
import SecretMemory
import Testing

/// Contained in every request's Authorization header and body; must not appear in errors or at other servers.
let canary = "c4n4ry-s3cret"

func makeRequest(
    _ method: HTTPRequest.Method = .post, _ url: String, headers: [(name: String, value: String)] = [],
    timeLimit: Duration? = nil
) throws -> HTTPRequest {
    HTTPRequest(
        method: method, url: try EndpointURL(parsing: url),
        headers: headers + [("Authorization", "Bearer \(canary)")],
        body: method == .post ? SecretBytes("refresh_token=\(canary)") : nil, timeLimit: timeLimit
    )
}

/// Sends a request that must fail, and checks the failure's text.
@discardableResult
func expectFailure(
    _ kind: FailureKind, _ transport: CurlTransport, _ request: HTTPRequest,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws -> String {
    let failure = try await #require(throws: TransportFailure.self, sourceLocation: sourceLocation) {
        try await transport.send(request)
    }
    #expect(FailureKind(failure) == kind, "\(failure)", sourceLocation: sourceLocation)
    let text = failure.description
    #expect(!text.contains(canary), sourceLocation: sourceLocation)
    #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control }, sourceLocation: sourceLocation)
    #expect(text.unicodeScalars.count < 400, sourceLocation: sourceLocation)
    return text
}

enum FailureKind: Equatable, Sendable {
    case unreachable, broken, nameNotFound, timedOut, tls, bodyTooLarge, malformed, cancelled

    init(_ failure: TransportFailure) {
        self =
            switch failure {
            case .unreachable: .unreachable
            case .broken: .broken
            case .nameNotFound: .nameNotFound
            case .timedOut: .timedOut
            case .tls: .tls
            case .bodyTooLarge: .bodyTooLarge
            case .malformed: .malformed
            case .cancelled: .cancelled
            }
    }
}
