import DemoIssuer
import TestSupport

/// The provider of a trial's login.
enum Provider: Sendable {
    case demo(DemoIssuer)
    case glewlwyd(Glewlwyd)

    static func start(_ policy: Policy) async throws -> Provider {
        guard let rotation = policy.rotation else {
            var options = Glewlwyd.Options()
            options.oneUseRefreshTokens = true
            return .glewlwyd(try await Glewlwyd.start(options))
        }
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = rotation
        return .demo(try await DemoIssuer.start(configuration))
    }

    /// The options for a login at this provider.
    var loginOptions: [String] {
        switch self {
        case .demo(let issuer): ["--issuer", issuer.issuer, "--client-id", "tv"]
        case .glewlwyd(let glewlwyd): ["--issuer", glewlwyd.issuer, "--client-id", "tv"] + Glewlwyd.scopeOptions
        }
    }

    func approve(_ userCode: String) async throws {
        switch self {
        case .demo(let issuer): issuer.approve(userCode)
        case .glewlwyd(let glewlwyd): try await glewlwyd.approve(userCode, client: "tv")
        }
    }

    /// The spent refresh tokens, in order; `nil` if the provider does not report them.
    var spent: [String]? {
        guard case .demo(let issuer) = self else { return nil }
        return issuer.log.filter { $0.form["grant_type"] == "refresh_token" }.compactMap { $0.form["refresh_token"] }
    }

    /// All issued refresh tokens; `nil` if the provider does not report them.
    var issued: Set<String>? {
        guard case .demo(let issuer) = self else { return nil }
        return Set(issuer.refreshTokens)
    }
}
