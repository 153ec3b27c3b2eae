internal import AgentAPI
internal import Configuration
internal import JOSE
internal import OAuth
internal import Vault

/// A login by the authorization code grant with PKCE, from the address to the grant (RFC 6749 §4.1, RFC 7636, RFC 8252).
struct CodeLogin: LoginGrant {
    let context: LoginContext
    /// The redirect URI as it is registered; without a port, the listener's is added.
    let redirectURI: RedirectURI
    let listeners: any RedirectListening
    let inbox: AuthorizationInbox

    /// Codes live ten minutes at most (RFC 6749 §4.1.2), and a person needs less to log in.
    static let lifetime: Duration = .seconds(600)

    private var settings: AccountSettings { context.settings }

    func run() async throws(LoginError) -> GrantedLogin {
        let proof = try ProofKeySupport(settings, context.metadata)
        let reception = try await RedirectReception.open(at: redirectURI, listeners, inbox, context.randomBytes)
        defer { reception.close() }
        let transaction = AuthorizationTransaction(
            redirectURI: reception.redirectURI, proofKey: ProofKey(randomBytes: context.randomBytes),
            server: context.server, metadata: context.metadata, scopes: settings.scopes,
            randomBytes: context.randomBytes)
        let deadline = context.time.now + Self.lifetime
        var address = try AuthorizationAddress(context, transaction)
        let first = try await address.make()
        inbox.expect(transaction)
        defer { inbox.close() }
        let note = [proof.note, reception.note].compactMap(\.self).joined(separator: "; ")
        let wait = ResponseWait(
            context: context, address: address, reception: reception, inbox: inbox,
            note: note.isEmpty ? nil : note, deadline: deadline)
        switch try await wait.answer(to: first) {
        case .code(let code):
            return try await CodeExchange(context: context, address.server, otherwise: address.otherwise)
                .redeem(code, of: transaction)
        case .refused(let error): throw .answered(error)
        }
    }
}
