package import Formats
internal import OAuth

/// A parsed, unverified token in compact form (RFC 7515 §7.1, RFC 7519).
///
/// `jku`, `x5u`, `jwk` and `x5c` are ignored: a token must not choose the keys that verify it (RFC 8725 §3.10).
package struct JSONWebToken: Sendable {
    package let header: [String: JSONValue]
    package let claims: [String: JSONValue]
    package let algorithm: String
    package let keyID: String?
    /// The signed bytes: header and payload as they were sent.
    let signingInput: [UInt8]
    let signature: [UInt8]

    package init(parsing bytes: [UInt8]) throws(IDTokenRejection) {
        guard bytes.count <= TokenGrant.maximumTokenLength else { throw .malformed(.tooLong) }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // Five parts are an encrypted token (RFC 7516 §3.1); the client registers no encryption key.
        guard parts.count != 5 else { throw .encrypted }
        guard parts.count == 3 else { throw .malformed(.notThreeParts) }
        header = try Self.object(parts[0], .header)
        claims = try Self.object(parts[1], .payload)
        guard let signature = Base64URL.decode(parts[2]) else { throw .malformed(.signature) }
        self.signature = signature
        signingInput = Array(bytes.dropLast(parts[2].count + 1))
        guard case .string(let algorithm)? = header["alg"] else { throw .malformed(.header) }
        self.algorithm = algorithm
        switch header["kid"] {
        case nil: keyID = nil
        case .string(let id)?: keyID = id
        default: throw .malformed(.header)
        }
        // RFC 7515 §4.1.11: a critical extension that is not understood makes the token invalid; none is supported.
        guard header["crit"] == nil else { throw .criticalHeader }
    }

    /// Decodes one part as a JSON object, to show the content of an invalid token.
    package static func object(
        _ part: some Collection<UInt8>, _ name: IDTokenRejection.Malformation
    ) throws(IDTokenRejection) -> [String: JSONValue] {
        guard let bytes = Base64URL.decode(part), case .object(let members)? = try? JSONReader.read(bytes) else {
            throw .malformed(name)
        }
        return members
    }
}
