import Foundation
import Synchronization

/// Token introspection (RFC 7662) for resource servers in other processes. It is not in the metadata, and needs no
/// authentication.
extension DemoIssuer {
    static let introspectionPath = "/introspection"

    func introspect(_ token: String) -> IssuerReply {
        let (end, subject) = state.withLock { ($0.accessTokenEnds[token], $0.subject) }
        guard let end, Date() < end else { return .json(["active": false]) }
        return .json([
            "active": true, "token_type": "Bearer", "iss": issuer, "sub": subject,
            "username": "\(subject)@example.com", "exp": Int(end.timeIntervalSince1970),
        ])
    }
}
