internal import Formats

/// Which `iss` the tokens of a provider have.
public enum TokenIssuer: Sendable, Hashable {
    /// The issuer itself, byte for byte (OpenID Connect Core 1.0 §3.1.3.7).
    case exact(Issuer)
    /// Microsoft Entra's endpoints for many tenants: the metadata's issuer is a template, and each token's is made of
    /// it with the token's own tenant (Microsoft: "OpenID Connect on the Microsoft identity platform").
    case entraTenants

    package static let entraTemplate = entraIssuer("{tenantid}")

    private static func entraIssuer(_ tenant: String) -> String { "https://login.microsoftonline.com/\(tenant)/v2.0" }

    /// The names under which Entra answers for many tenants.
    private static let manyTenants = ["common", "organizations"]
    /// The tenant of every personal account, which Entra calls "consumers" as well.
    private static let personalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

    /// RFC 8414 §3.3: the metadata's issuer is the one that was asked for, byte for byte. The one exception is Entra's:
    /// a tenant may be asked for by another name than its id, and is answered with its id, or with the template where
    /// the name is of many. Nil when the metadata is somebody else's.
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

    /// Whether `found` is what tokens of this issuer may have, before its metadata was asked.
    package static func mayIssue(_ found: String, tenant: String?, issuer: Issuer) -> Bool {
        if issuer.matches(found) { return true }
        guard let asked = entraTenant(issuer.text), entraTenants.matches(found, tenant: tenant) else { return false }
        return manyTenants.contains(asked) || entraTenant(found).map { mayBeID($0, of: asked) } ?? false
    }

    /// The tenant in an issuer of Entra's; nil for any other.
    private static func entraTenant(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, text.utf8.elementsEqual(entraIssuer(String(parts[3])).utf8) else { return nil }
        return String(parts[3])
    }

    /// Whether a tenant that was asked for by that name can have that id, which Entra writes in lower case. Which id a
    /// domain has is for Entra to say.
    private static func mayBeID(_ id: String, of asked: String) -> Bool {
        guard isGUID(id), id.utf8.elementsEqual(id.lowercased().utf8) else { return false }
        if asked == "consumers" { return id == personalTenant }
        return !isGUID(asked) || id.utf8.elementsEqual(asked.lowercased().utf8)
    }

    /// `tenant` is the token's `tid` claim.
    package func matches(_ found: String, tenant: String?) -> Bool {
        switch self {
        case .exact(let issuer): issuer.matches(found)
        case .entraTenants:
            tenant.map { Self.isGUID($0) && found.utf8.elementsEqual(Self.entraIssuer($0).utf8) } ?? false
        }
    }

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
