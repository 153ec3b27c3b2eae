/// The scopes, resources and audiences that a rule allows a token at most.
public struct TokenBound: Hashable, Sendable {
    /// `nil` if all scopes are allowed.
    public var scopes: ScopeBound?
    /// The values that a request may name besides the account's own resources and audience.
    public var resources: [String]
    public var audiences: [String]
    /// Whether the rule names roles at AWS. Then no token is served for which AWS gives credentials of other roles.
    public var namesAWSRoles: Bool
    /// The types of authorization details (RFC 9396 §2) that a request may name and a token may have; `nil` if any.
    public var authorizationTypes: [String]?

    public init(
        scopes: ScopeBound? = nil, resources: [String] = [], audiences: [String] = [], namesAWSRoles: Bool = false,
        authorizationTypes: [String]? = []
    ) {
        self.scopes = scopes
        self.resources = resources
        self.audiences = audiences
        self.namesAWSRoles = namesAWSRoles
        self.authorizationTypes = authorizationTypes
    }

    /// Returns the resources and the audience of `target` that exceed the bound; `nil` if none do. `own` is the
    /// account's own target, which is always allowed.
    public func beyond(_ target: TokenTarget?, own: TokenTarget?) -> Foreign? {
        func isForeign(_ text: String, _ allowed: [String], _ own: [String]) -> Bool {
            !(allowed + own).contains { $0.utf8.elementsEqual(text.utf8) }
        }
        let resources = (target?.resources ?? []).filter { isForeign($0, self.resources, own?.resources ?? []) }
        let audience = target?.audience.flatMap { audience in
            isForeign(audience, audiences, own?.audience.map { [$0] } ?? []) ? audience : nil
        }
        return resources.isEmpty && audience == nil ? nil : Foreign(resources: resources, audience: audience)
    }

    /// Returns the types of authorization details that exceed the bound.
    public func beyond(types: [String]) -> [String] {
        guard let authorizationTypes else { return [] }
        return types.filter { type in !authorizationTypes.contains { $0.utf8.elementsEqual(type.utf8) } }
    }

    /// The resources and the audience that a rule does not allow.
    public struct Foreign: Equatable, Sendable {
        public let resources: [String]
        public let audience: String?
    }
}
