/// Who has logged in, as a verified ID token says (OpenID Connect Core 1.0 §2).
public struct Identity: Sendable, Equatable {
    public var issuer: String
    public var subject: String
    public var audience: [String]
    /// As the provider writes them: not cleaned for a terminal.
    public var email: String?
    public var name: String?

    public init(issuer: String, subject: String, audience: [String], email: String? = nil, name: String? = nil) {
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
        self.email = email
        self.name = name
    }

    /// What a renewed ID token says differently, though it must not (OpenID Connect Core 1.0 §12.2). The email and the
    /// name may change.
    public func change(to other: Identity) -> Change? {
        if !issuer.utf8.elementsEqual(other.issuer.utf8) { return .issuer }
        if !subject.utf8.elementsEqual(other.subject.utf8) { return .subject }
        return Set(audience) == Set(other.audience) ? nil : .audience
    }

    public enum Change: String, Sendable {
        case issuer, subject, audience
    }
}

/// What the ID token of a grant is worth.
public enum IdentityVerdict: Sendable, Equatable {
    /// The grant has none.
    case absent
    /// The token is the issuer's, for this client. Without `idToken` it is out of its time by this machine's clock, as
    /// `timing` says, and is not handed to anybody.
    case verified(Identity, idToken: HeldIDToken?, timing: String?)
    /// It cannot be verified here: no keys, no client secret, malformed, encrypted, another algorithm.
    case unverified(detail: String)
    /// It contradicts the login: forged, of another issuer or client, or another subject's.
    case refused(IdentityRefusal)
}

/// Why a grant is not used although the provider has given it.
public struct IdentityRefusal: Error, Sendable, Equatable {
    public var reason: Reason
    /// For people.
    public var detail: String

    public init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    public enum Reason: String, Sendable {
        case invalid
        /// Not the person whom the account file expects.
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
