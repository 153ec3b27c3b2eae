internal import Advice
package import AgentAPI
package import Configuration
package import OAuth

/// The checks of providers. Texts from providers are cleaned where they are read.
extension DoctorCheck {
    package static func connection(_ name: String, _ network: NetworkFacts) -> DoctorCheck {
        DoctorCheck(.issuerConnection, .ok, "it answers" + network.suffix(for: name), issuer: name)
    }

    package static func connection(_ name: String, failed failure: OAuthFailure, _ network: NetworkFacts) -> DoctorCheck
    {
        let host = name.split(separator: "://", maxSplits: 1).last.map { $0.prefix { !"/:".contains($0) } } ?? ""
        let proxied = network.suffix(for: name).isEmpty ? nil : network.proxy
        let hint =
            switch failure {
            case .transport(.nameNotFound) where proxied == nil:
                "run 'getent hosts \(host)', and see /etc/resolv.conf"
            case .transport(.tls): failure.loginFailure(again: again).hint
            default:
                proxied.map { "check the proxy \($0), or name \(host) in network.no_proxy of authagent.toml" }
                    ?? failure.loginFailure(again: again).hint
            }
        return DoctorCheck(
            .issuerConnection, .problem, failure.description + network.suffix(for: name), hint: hint, issuer: name
        )
    }

    package static func silent(_ name: String) -> DoctorCheck {
        connection(name, failed: .transport(.timedOut("it does not answer in time")), NetworkFacts())
    }

    package static func tooManyIssuers(_ count: Int, _ limit: Int) -> DoctorCheck {
        DoctorCheck(
            .issuerConnection, .warning, "only the first \(limit) of \(count) issuers were checked",
            hint: "run 'authagent status' to see the others"
        )
    }

    /// `isNeeded`: an account has no other source of endpoints.
    package static func metadata(_ issuer: Issuer, failure: OAuthFailure?, isNeeded: Bool) -> DoctorCheck {
        guard let failure else {
            return DoctorCheck(.issuerMetadata, .ok, "the metadata is valid", issuer: issuer.text)
        }
        // Metadata of another issuer is a problem even if it is not needed.
        let isForeign = if case .issuerMismatch = failure { true } else { false }
        return DoctorCheck(
            .issuerMetadata, isNeeded || isForeign ? .problem : .warning, failure.description,
            hint: failure.loginFailure(again: again).hint, issuer: issuer.text
        )
    }

    /// ID tokens are valid for minutes, and are refused if this clock and the provider's differ by more.
    package static func clock(_ facts: ClockFacts, of name: String) -> DoctorCheck {
        let difference = abs(facts.ahead)
        let state: State = difference > 300 ? .problem : difference > 60 ? .warning : .ok
        guard state != .ok else {
            return DoctorCheck(.issuerClock, .ok, "this clock and the provider's agree", issuer: name)
        }
        let consequence = state == .problem ? ", and ID tokens are refused" : ""
        return DoctorCheck(
            .issuerClock, state,
            "this clock is \(difference) s \(facts.ahead > 0 ? "ahead of" : "behind") the provider's\(consequence)",
            hint: "run 'timedatectl' to see whether this clock is set; 'sudo timedatectl set-ntp true' sets it",
            issuer: name
        )
    }

    package static func endpoints(
        _ account: AccountName, _ settings: AccountSettings, _ metadata: ServerMetadata?
    )
        -> DoctorCheck
    {
        do throws(OAuthFailure) {
            let endpoints = try ProviderEndpoints(
                metadata: metadata, device: settings.deviceEndpoint, token: settings.tokenEndpoint,
                revocation: settings.revocationEndpoint, known: settings.presetEndpoints
            )
            let endpoint =
                settings.machineGrant == nil
                ? "device authorization endpoint: \(try endpoints.requiredDevice())"
                : "token endpoint: \(endpoints.token)"
            // Some large providers have no revocation endpoint, so this is not a warning.
            let revocation = endpoints.revocation == nil ? "; the provider has no revocation endpoint" : ""
            return DoctorCheck(.accountEndpoints, .ok, endpoint + revocation, account: account)
        } catch {
            return DoctorCheck(
                .accountEndpoints, .problem, error.description, hint: error.loginFailure(again: again).hint,
                account: account
            )
        }
    }

    private static let again = "run 'authagent doctor' again"
}

extension NetworkFacts {
    /// Only https uses the proxy; http is for loopback.
    fileprivate func suffix(for name: String) -> String {
        guard let proxy, name.hasPrefix("https://") else { return "" }
        return " (through \(proxy)" + (noProxy == nil ? ")" : ", unless no_proxy names it)")
    }
}
