internal import Formats

/// The `iss` that a provider's tokens have.
public enum TokenIssuer: Sendable, Hashable {
    /// The issuer itself, byte for byte (OpenID Connect Core 1.0 §3.1.3.7).
    case exact(Issuer)
    /// Microsoft Entra's multi-tenant endpoints: the metadata's issuer is a template that each token fills with its own
    /// tenant (Microsoft: "OpenID Connect on the Microsoft identity platform").
    case entraTenants

    package static let entraTemplate = entraIssuer("{tenantid}")

    private static func entraIssuer(_ tenant: String) -> String { "https://login.microsoftonline.com/\(tenant)/v2.0" }

    /// The names of Entra's multi-tenant endpoints.
    private static let manyTenants = ["common", "organizations"]
    /// The tenant of all personal accounts, also called "consumers".
    private static let personalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

    /// `nil` if the metadata's issuer is not the requested one, byte for byte (RFC 8414 §3.3). Exception: for a
    /// tenant's name Entra returns the tenant's id, or the template for a multi-tenant name.
    package init?(metadata found: String, askedFor issuer: Issuer) {
        if issuer.matches(found) {
            self = .exact(issuer)
            return
        }
        guard let asked = Self.entraTenant(issuer.text) else { return nil }
        if Self.manyTenants.contains(asked) {
            guard found.utf8.elementsEqual(Self.entraTemplate.utf8) else { return nil }
            self = .entraTenants
        } else {
            guard let tenant = Self.entraTenant(found), Self.mayBeID(tenant, of: asked),
                let own = try? Issuer(parsing: found)
            else { return nil }
            self = .exact(own)
        }
    }

    /// Whether tokens of this issuer may have `found` as `iss`, if its metadata is not known yet.
    package static func mayIssue(_ found: String, tenant: String?, issuer: Issuer) -> Bool {
        if issuer.matches(found) { return true }
        guard let asked = entraTenant(issuer.text), entraTenants.matches(found, tenant: tenant) else { return false }
        return manyTenants.contains(asked) || entraTenant(found).map { mayBeID($0, of: asked) } ?? false
    }

    /// Returns the tenant in an Entra issuer; `nil` for any other issuer.
    private static func entraTenant(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, text.utf8.elementsEqual(entraIssuer(String(parts[3])).utf8) else { return nil }
        return String(parts[3])
    }

    /// Whether the requested tenant name can have that id, which Entra writes in lower case. Only Entra knows a
    /// domain's id.
    private static func mayBeID(_ id: String, of asked: String) -> Bool {
        guard isGUID(id), id.utf8.elementsEqual(id.lowercased().utf8) else { return false }
        if asked == "consumers" { return id == personalTenant }
        return !isGUID(asked) || id.utf8.elementsEqual(asked.lowercased().utf8)
    }

    /// Whether `found` is this issuer. `tenant` is the token's `tid` claim.
    package func matches(_ found: String, tenant: String?) -> Bool {
        switch self {
        case .exact(let issuer): issuer.matches(found)
        case .entraTenants:
            tenant.map { Self.isGUID($0) && found.utf8.elementsEqual(Self.entraIssuer($0).utf8) } ?? false
        }
    }

    /// Whether an authorization response may name `found` as its issuer (RFC 9207 §2.4). A multi-tenant endpoint does not
    /// know the tenant before the ID token.
    func maySendResponse(as found: String) -> Bool { matches(found, tenant: Self.entraTenant(found)) }

    /// Whether a key may sign tokens of the issuer `found`. Entra's keys have a member `issuer`, the template or one
    /// tenant's: a key for personal accounts must not sign for an organization.
    package func allows(keyOf owner: String?, for found: String) -> Bool {
        guard self == .entraTenants, let owner else { return true }
        return owner == Self.entraTemplate || owner.utf8.elementsEqual(found.utf8)
    }

    private static func isGUID(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.utf8.allSatisfy(\.isHexDigit) }
    }
}
