/// The person of a login, from a verified ID token (OpenID Connect Core 1.0 §2).
public struct Identity: Sendable, Equatable {
    public var issuer: String
    public var subject: String
    public var audience: [String]
    /// As the provider wrote it: not made safe for a terminal.
    public var email: String?
    public var name: String?
    public var authentication: Authentication

    public init(
        issuer: String, subject: String, audience: [String], email: String? = nil, name: String? = nil,
        authentication: Authentication = Authentication()
    ) {
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
        self.email = email
        self.name = name
        self.authentication = authentication
    }

    /// Whether both are the same person at the same issuer.
    func isSamePerson(as other: Identity) -> Bool {
        issuer.utf8.elementsEqual(other.issuer.utf8) && subject.utf8.elementsEqual(other.subject.utf8)
    }

    /// How and when the person has authenticated (OpenID Connect Core 1.0 §2).
    public struct Authentication: Sendable, Equatable {
        /// The authentication context, `acr`.
        public var context: String?
        /// In seconds since 1970, `auth_time`.
        public var time: Int?

        public init(context: String? = nil, time: Int? = nil) {
            self.context = context
            self.time = time
        }

        /// Returns what holds after a renewal, which changes neither (RFC 9470 §6.1): another context is not believed, and
        /// the time never grows.
        func renewed(as other: Authentication) -> Authentication {
            Authentication(
                context: other.context == nil || other.context == context ? context : nil,
                time: time.map { min($0, other.time ?? $0) })
        }
    }

    /// Returns what differs in a renewed ID token and must not (OpenID Connect Core 1.0 §12.2); `nil` if nothing does. The
    /// email and the name may change.
    public func change(to other: Identity) -> Change? {
        if !issuer.utf8.elementsEqual(other.issuer.utf8) { return .issuer }
        if !subject.utf8.elementsEqual(other.subject.utf8) { return .subject }
        return Set(audience) == Set(other.audience) ? nil : .audience
    }

    public enum Change: String, Sendable {
        case issuer, subject, audience
    }
}

/// The result of verifying the ID token of a grant.
public enum IdentityVerdict: Sendable, Equatable {
    /// The grant has none.
    case absent
    /// The token is the issuer's, for this client. Without `idToken`, it is not served: it is out of its time by this
    /// machine's clock, as `timing` explains.
    case verified(Identity, idToken: HeldIDToken?, timing: String?)
    /// Not verifiable here: no keys, no client secret, malformed, encrypted, another algorithm.
    case unverified(detail: String)
    /// Contradicts the login: forged, or of another issuer, client or subject.
    case refused(IdentityRefusal)
}

/// The person of a login after a grant, and the ID token to serve.
struct CheckedIdentity: Sendable {
    var identity: Identity?
    var idToken: HeldIDToken?
    /// Why there is no ID token to serve; `nil` if there is one.
    var missing: NoIDToken?
}

extension IdentityVerdict {
    /// Checks a renewal's verdict against the login, whose person must not change (OpenID Connect Core 1.0 §12.2).
    /// Clocks that disagree withhold the ID token, but not the access token, for which no wall clock counts.
    func checked(against credential: Credential) throws(IdentityRefusal) -> CheckedIdentity {
        func withheld(_ missing: NoIDToken) -> CheckedIdentity {
            CheckedIdentity(identity: credential.identity, idToken: nil, missing: missing)
        }
        switch self {
        case .absent: return withheld(.notIssued)
        // Access tokens go on: they come over TLS from the provider itself.
        case .unverified(let detail): return withheld(.unverified(detail: detail))
        // A broken ID token that was not requested, as at the login, contradicts nothing that is known.
        case .refused(let refusal)
        where refusal.reason == .invalid && credential.identity == nil && !credential.scope.contains("openid"):
            return withheld(.unverified(detail: refusal.detail))
        case .refused(let refusal): throw refusal
        case .verified(let identity, let idToken, let timing):
            if let change = credential.identity?.change(to: identity) { throw IdentityRefusal(change) }
            let untimely = timing.map { NoIDToken.untimely(detail: $0) }
            // The first token that can be verified sets the identity, and time is a part of that.
            if let untimely, credential.identity == nil { return withheld(untimely) }
            var renewed = identity
            if let known = credential.identity {
                renewed.authentication = known.authentication.renewed(as: identity.authentication)
            }
            return CheckedIdentity(identity: renewed, idToken: idToken, missing: untimely)
        }
    }
}

/// Why a grant is not used.
public struct IdentityRefusal: Error, Sendable, Equatable {
    public var reason: Reason
    /// Text for the user.
    public var detail: String

    public init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    public enum Reason: String, Sendable {
        case invalid
        /// Not the person that the account file expects.
        case wrongSubject = "wrong_subject"
        case issuerChanged = "issuer_changed"
        case subjectChanged = "subject_changed"
        case audienceChanged = "audience_changed"
    }
}

extension IdentityRefusal {
    init(_ change: Identity.Change) {
        let reason: Reason =
            switch change {
            case .issuer: .issuerChanged
            case .subject: .subjectChanged
            case .audience: .audienceChanged
            }
        self.init(reason, "it has another \(change.rawValue) than the login's")
    }
}
