/// Which `iss` the tokens of a provider have.
public enum TokenIssuer: Sendable, Hashable {
    /// The issuer itself, byte for byte (OpenID Connect Core 1.0 §3.1.3.7).
    case exact(Issuer)
    /// Microsoft Entra's endpoints for many tenants: the metadata's issuer is a template, and each token's is made of
    /// it with the token's own tenant (Microsoft: "OpenID Connect on the Microsoft identity platform").
    case entraTenants

    package static let entraTemplate = entraIssuer("{tenantid}")

    private static func entraIssuer(_ tenant: String) -> String { "https://login.microsoftonline.com/\(tenant)/v2.0" }

    /// The names under which Entra answers for more than one tenant.
    private static let entraIssuers = ["common", "organizations", "consumers"].map(entraIssuer)

    /// RFC 8414 §3.3: the metadata's issuer is the one that was asked for, byte for byte. The one exception is Entra's,
    /// for these issuers and this template only. Nil when the metadata is somebody else's.
    package init?(metadata found: String, askedFor issuer: Issuer) {
        if issuer.matches(found) {
            self = .exact(issuer)
        } else if Self.entraIssuers.contains(issuer.text), found.utf8.elementsEqual(Self.entraTemplate.utf8) {
            self = .entraTenants
        } else {
            return nil
        }
    }

    /// Whether `found` is what tokens of this issuer may have, before its metadata was asked.
    package static func mayIssue(_ found: String, tenant: String?, issuer: Issuer) -> Bool {
        issuer.matches(found)
            || entraIssuers.contains(issuer.text) && entraTenants.matches(found, tenant: tenant)
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
