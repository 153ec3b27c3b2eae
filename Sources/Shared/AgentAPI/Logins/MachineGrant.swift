/// A grant without a person: each token of the account is requested anew. With the names of the account file's key
/// `grant`.
public enum MachineGrant: String, Codable, CaseIterable, Sendable {
    /// The client's own credentials (RFC 6749 §4.4).
    case clientCredentials = "client_credentials"
    /// A signed assertion (RFC 7523 §2.1).
    case jwtBearer = "jwt_bearer"
    /// Another token, mostly that of another account (RFC 8693).
    case tokenExchange = "token_exchange"
}
