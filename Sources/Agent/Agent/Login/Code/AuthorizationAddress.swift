internal import Configuration
internal import OAuth
internal import Vault

/// The address that a login by code shows: with all parameters, or with the reference to a pushed request (RFC 9126).
struct AuthorizationAddress: Sendable {
    /// The server with the client authentication that has worked so far, and the fallback that is left.
    private(set) var server: AuthorizationServer
    private(set) var otherwise: AuthorizationServer?
    private let request: AuthorizationRequest
    private let transaction: AuthorizationTransaction
    private let isPushed: Bool
    private let isRequired: Bool
    private let time: any Time

    /// An address, and when it must be replaced.
    struct Shown: Sendable {
        var url: String
        /// `nil` if it does not expire before the login.
        var until: ContinuousClock.Instant?
        /// The earliest time for a new one, so that the server is not asked for one after the other.
        var renewableAt: ContinuousClock.Instant
    }

    /// A server that gives less would be asked for a new reference all the time.
    static let shortestLifetime: Duration = .seconds(5)

    init(_ context: LoginContext, _ transaction: AuthorizationTransaction) throws(LoginError) {
        (server, otherwise) = (context.server, context.otherwise)
        (self.transaction, time) = (transaction, context.time)
        request = AuthorizationRequest(context.settings, context.demands)
        isPushed = try Self.isPushed(context)
        isRequired = context.metadata?.requiresPushedAuthorization ?? false
    }

    /// Returns the first address. A request that is pushed can be repeated without loss.
    mutating func make() async throws(LoginError) -> Shown {
        do throws(OAuthFailure) { return try await again() } catch {
            guard case .provider(let refusal) = error, refusal.refusesClient, let other = otherwise else {
                throw refused(error)
            }
            (server, otherwise) = (other, nil)
        }
        do throws(OAuthFailure) { return try await again() } catch { throw refused(error) }
    }

    /// Returns a new address.
    func again() async throws(OAuthFailure) -> Shown {
        let now = time.now
        let renewableAt = now + Self.shortestLifetime
        guard isPushed else {
            return Shown(url: try server.authorizationURL(request, transaction), renewableAt: renewableAt)
        }
        let pushed = try await server.pushAuthorization(request, transaction)
        // Somewhat before its end, so that a person who opens it late still gets in.
        let lifetime = max(.seconds(pushed.expiresIn) * 9 / 10, Self.shortestLifetime)
        return Shown(
            url: try server.authorizationURL(request, transaction, pushed: pushed), until: now + lifetime,
            renewableAt: renewableAt)
    }

    private func refused(_ failure: OAuthFailure) -> LoginError {
        switch failure {
        case .provider where isPushed, .badResponse where isPushed: .pushRefused(failure, isRequired: isRequired)
        default: .oauth(failure)
        }
    }

    /// Whether the request is pushed: where the provider offers it, unless the account file says otherwise.
    private static func isPushed(_ context: LoginContext) throws(LoginError) -> Bool {
        let isOffered = context.server.endpoints.pushedAuthorization != nil
        let isRequired = context.metadata?.requiresPushedAuthorization ?? false
        switch context.settings.keys.par {
        case true? where !isOffered:
            throw .unsuitable(
                problem: "the provider does not take pushed authorization requests, which the account requires",
                hint: "leave out par, or set 'par = false' in the account file")
        case false? where isRequired:
            throw .unsuitable(
                problem: "the provider requires pushed authorization requests (RFC 9126), and the account forbids them",
                hint: "leave out par, or set 'par = true' in the account file")
        case let wanted?: return wanted
        case nil:
            guard isOffered || !isRequired else {
                throw .unsuitable(
                    problem: "the provider requires pushed authorization requests, and names no endpoint for them",
                    hint: "check the provider's metadata")
            }
            return isOffered
        }
    }
}

extension AuthorizationRequest {
    /// What an account requests of the user, and what this login must satisfy.
    init(_ settings: AccountSettings, _ demands: LoginDemands) {
        self.init(scopes: settings.scopes)
        (resources, audience) = (settings.resources, settings.audience)
        loginHint = settings.loginHint
        (acrValues, maxAge, claims) = (demands.acrValues, demands.maxAge, demands.claims)
        details = settings.authorizationDetails
        more = settings.authorizationParameters
    }
}
