internal import AgentAPI
internal import Configuration
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import Vault

/// How one account without a person requests its tokens: with its client's proof, an assertion, or a token of another
/// account.
struct MachineTokens: MachineRequester {
    let account: AccountName
    let provider: Provider
    let shared: SharedParts

    var needsStore: Bool { provider.settings.mayNeedStoredSecret }

    func credential(stored: Credential?) -> Credential {
        let settings = provider.settings
        // Another issuer's, or another client's, is not this one's secret.
        let isOwn = stored.map { $0.issuer == settings.providerName && $0.clientID == settings.clientID } ?? false
        var credential = Credential(
            account: account, generation: stored?.generation ?? 0, issuer: settings.providerName,
            clientID: settings.clientID ?? "", clientSecret: isOwn ? stored?.clientSecret : nil, refreshToken: nil,
            scope: settings.scopes, grantedAt: shared.time.wall, detailTypes: settings.authorizationDetails?.types ?? []
        )
        // The secret goes where the login that stored it has sent it, whatever the metadata says now.
        credential.endpointHosts = isOwn ? stored?.endpointHosts : nil
        credential.renewal = settings.machineGrant.map(Credential.Renewal.request) ?? .none
        return credential
    }

    func request(
        _ credential: Credential, for target: TokenTarget?, claims: String?, mayRenewSource: Bool
    ) async -> MachineResult {
        let settings = provider.settings
        var client = credential.client
        let server: AuthorizationServer
        do {
            client.secret = try provider.clientSecret(stored: client.secret)
            server = try await provider.server(for: client)
        } catch let error as ConfigurationError {
            return .answered(.unconfigured("\(error.description) (\(error.hint))"), hosts: nil)
        } catch let failure as OAuthFailure {
            return .answered(MachineReply(failure), hosts: nil)
        } catch {
            return .answered(.transient(detail: "the request to the provider failed", retryAfter: nil), hosts: nil)
        }
        // RFC 6749 §4.4: confidential clients only.
        guard settings.machineGrant != .clientCredentials || server.client.authentication != .none else {
            return .answered(.unconfigured(Self.noProof), hosts: nil)
        }
        let request = MachineRequestTarget(target, settings)
        if let refusal = await provider.refusal(of: request.details) {
            return .answered(.refused(refusal), hosts: nil)
        }
        var sources = UsedSources()
        for isLast in mayRenewSource ? [false, true] : [true] {
            let content: MachineRequest
            do throws(MissingContent) {
                content = try await self.content(settings, server, scopes: request.scopes, &sources)
            } catch {
                switch error {
                case .configuration(let detail): return .answered(.unconfigured(detail), hosts: nil)
                case .source(let failure): return .lacksSource(failure)
                }
            }
            let reply = await server.request(
                content, scopes: request.scopes, resources: request.resources, audience: request.audience,
                details: request.details, claims: claims)
            if !isLast, case .refused(let error) = reply, error.mayBlameToken,
                await sources.renew(shared.sources, for: account)
            {
                continue
            }
            // Each attempt has used up an assertion that another account must have issued again.
            let answer = settings.assertionAccount == nil ? reply : reply.bindingClients
            return .answered(answer, hosts: settings.hosts(of: server.endpoints))
        }
        return .answered(.transient(detail: "the request was not sent", retryAfter: nil), hosts: nil)
    }

    private static let noProof =
        "the client has no secret, key, certificate or assertion (give --client-secret-file FILE at login, or set"
        + " client_secret_file, client_key_file or client_assertion_file)"

    private enum MissingContent: Error {
        case configuration(String)
        case source(TokenFailure)
    }

    /// Returns what the request sends, with a fresh assertion or the newest token of another account.
    private func content(
        _ settings: AccountSettings, _ server: AuthorizationServer, scopes: [String], _ used: inout UsedSources
    ) async throws(MissingContent) -> MachineRequest {
        switch settings.machineGrant {
        case .clientCredentials?, nil: return .clientCredentials
        case .jwtBearer?:
            if let source = settings.assertionAccount {
                // Servers take an assertion once, so that no other request may get the same.
                return .assertion(try await token(of: source, taking: true, &used).secret)
            }
            return .assertion(try assertion(settings, server, scopes: scopes))
        case .tokenExchange?:
            let subject = try await subject(settings, &used)
            var actor: TokenExchange.Token?
            if let account = settings.actorAccount {
                let token = try await token(of: account, &used)
                actor = TokenExchange.Token(token.secret, token.type ?? .accessToken)
            }
            return .exchange(TokenExchange(of: subject, by: actor, for: settings.requestedTokenType))
        }
    }

    private func subject(
        _ settings: AccountSettings, _ used: inout UsedSources
    ) async throws(MissingContent) -> TokenExchange.Token {
        if let path = settings.subjectTokenFile {
            let kind = settings.subjectToken ?? .jwt
            return TokenExchange.Token(try presented(path, key: "subject_token_file"), kind.type)
        }
        guard let account = settings.subjectAccount else {
            throw .configuration("there is no subject_account and no subject_token_file")
        }
        let wantsIDToken = settings.subjectToken == .idToken
        let token = try await token(of: account, idToken: wantsIDToken, &used)
        return TokenExchange.Token(token.secret, settings.subjectToken?.type ?? token.type ?? .accessToken)
    }

    private func token(
        of source: AccountName, idToken: Bool = false, taking: Bool = false, _ used: inout UsedSources
    ) async throws(MissingContent) -> SourceToken {
        do throws(TokenFailure) {
            let token = try await shared.sources.token(
                of: source, for: account, idToken: idToken, taking: taking)
            used.add(token, of: source)
            return token
        } catch { throw .source(error) }
    }

    private func assertion(
        _ settings: AccountSettings, _ server: AuthorizationServer, scopes: [String]
    ) throws(MissingContent) -> SecretBytes {
        if let path = settings.assertionFile { return try presented(path, key: "assertion_file") }
        guard let path = settings.clientKeyFile else { throw .configuration("client_key_file is not set") }
        let stamp = shared.stamp
        do throws(ClientProofFailure) {
            let key = try ClientCredentials.key(path)
            return try GrantAssertion(
                clientID: settings.clientID, subject: settings.assertionSubject,
                audience: server.audience(at: server.endpoints.token), endpoint: server.endpoints.token, scopes: scopes
            ).signed(with: key, wall: stamp.time.wall, id: stamp.randomBytes(16))
        } catch { throw .configuration(error.description) }
    }

    private func presented(_ path: String, key: String) throws(MissingContent) -> SecretBytes {
        do throws(ClientProofFailure) {
            return try ClientCredentials.presented(path, key: key, at: shared.time.wall)
        } catch { throw .configuration(error.description) }
    }
}

/// Where and what for a token without a person is requested: a target's own place, else the account's.
struct MachineRequestTarget {
    let scopes: [String]
    let resources: [String]
    let audience: String?
    let details: AuthorizationDetails?

    init(_ target: TokenTarget?, _ settings: AccountSettings) {
        let asked = target?.scopes ?? []
        scopes = asked.isEmpty ? settings.scopes : asked
        let hasPlace = target.map { !$0.resources.isEmpty || $0.audience != nil } ?? false
        resources = hasPlace ? target?.resources ?? [] : settings.resources
        audience = hasPlace ? target?.audience : settings.audience
        details = target?.details ?? settings.authorizationDetails
    }
}

/// The tokens of other accounts that one request has used.
private struct UsedSources {
    private var tokens: [(account: AccountName, token: SourceToken)] = []

    mutating func add(_ token: SourceToken, of account: AccountName) { tokens.append((account, token)) }

    /// Has those renewed that the provider may have refused; returns whether another request has others to send.
    mutating func renew(_ sources: SourceTokens, for dependent: AccountName) async -> Bool {
        var isRenewed = false
        for (account, token) in tokens {
            if await sources.renew(token, of: account, for: dependent) { isRenewed = true }
        }
        tokens = []
        return isRenewed
    }
}

extension SubjectTokenKind {
    fileprivate var type: TokenTypeIdentifier {
        switch self {
        case .accessToken: .accessToken
        case .idToken: .idToken
        case .jwt: .jwt
        }
    }
}

extension MachineReply {
    /// The same, with clients waiting as long as the schedule if it is a failure.
    fileprivate var bindingClients: MachineReply {
        guard case .transient(let detail, let retryAfter, let obstacle) = self else { return self }
        return .transient(detail: detail, retryAfter: retryAfter ?? .zero, obstacle: obstacle)
    }

    /// The request was not sent, or brought no answer that counts.
    init(_ failure: OAuthFailure) {
        switch failure {
        case .transport(.nameNotFound(let detail)):
            self = .transient(detail: detail, retryAfter: nil, obstacle: .offline)
        case .transport, .provider, .badResponse: self = .transient(detail: failure.description, retryAfter: nil)
        case .issuerMismatch, .foreignHost: self = .changed(failure.description)
        case .noTokenEndpoint, .client, .deviceFlowUnsupported, .codeFlowUnsupported, .backchannelUnsupported:
            self = .unconfigured(failure.description)
        }
    }
}
